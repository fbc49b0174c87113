/* SPDX-License-Identifier: MIT */

/*
 * What `carte inspect` prints of a container: the keys of 'docker container inspect'
 */

#pragma once

#include "util/json.h"
#include "util/macro.h"

struct container_find;

struct json *describe_container(const struct container_find *found) MUST_CHECK;
