/* SPDX-License-Identifier: MIT */

/*
 * What every unit test includes: cmocka with its prerequisites, once.
 */

#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/macro.h"
