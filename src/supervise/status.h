/* SPDX-License-Identifier: MIT */

/*
 * The answer to GET /v1/stack (control.h)
 */

#pragma once

struct crew;
struct json;

struct json *status_format(const struct crew *crew);
