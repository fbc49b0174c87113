/* SPDX-License-Identifier: MIT */

/*
 * Templates of --format: what users of docker write, over JSON values
 *
 *     {{.Repository}}:{{.Tag}}\t{{json .}}
 *     {{range .Config.Env}}{{println .}}{{end}}
 *     {{if .Labels}}{{index .Labels "a.b"}}{{else}}none{{end}}
 *
 * Of Go's text/template: fields, pipes, parentheses, strings and numbers, variables of range and
 * with, {{- trims -}}, comments, if, else, range, with, end; the functions json, join, split,
 * upper, lower, truncate, println, print, len, index, eq, ne, and, or, not. Values print as Go
 * prints them: lists as [a b], maps as map[key:value]. "\t" and "\n" outside of actions are a
 * tab and a new line, as in docker.
 */

#pragma once

#include "util/json.h"
#include "util/macro.h"
#include "util/text.h"

struct error;

/*
 * Append the template with `value` put in. ERROR_INVALID: it is not understood, or it names a
 * field that the value does not have; the text names it and the nearest one.
 */
int template_format(const char *template_text, const struct json *value, struct text *out,
                    struct error *err) MUST_CHECK;
