/* SPDX-License-Identifier: MIT */

/*
 * EXPOSE: "80", "53/udp", "8000-8010/tcp"
 */

#pragma once

#include "util/macro.h"
#include "util/strings.h"

struct error;

/*
 * Add each port of `word` that is not there yet to `ports`: "80/tcp". An address or port of the
 * host in front ("127.0.0.1:80:80") does not count. ERROR_INVALID: it is no port.
 */
int expose_add(const char *word, struct strings *ports, struct error *err) MUST_CHECK;
