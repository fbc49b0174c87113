/* SPDX-License-Identifier: MIT */

/*
 * Options of `docker run` that are not built
 */

#pragma once

#include "cli/option.h"

extern const struct option_refused single_refused_rows[];
