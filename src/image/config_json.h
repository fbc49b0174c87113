/* SPDX-License-Identifier: MIT */

/*
 * The `config` object of an image's configuration, as JSON and back
 */

#pragma once

#include "image/image.h"
#include "util/macro.h"

struct json;

struct json *config_json_format(const struct image_config *config) MUST_CHECK;

/* What is missing or of another kind stays empty. */
void config_json_parse(const struct json *json, struct image_config *out);

/* The name of this machine's architecture as OCI has it: "amd64". */
const char *config_json_architecture(void);
