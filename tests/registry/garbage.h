/* SPDX-License-Identifier: MIT */

/*
 * Answers without an end, a head or sense
 */

#pragma once

#include "serve.h"

void garbage_endless(struct serve_connection *c, const struct serve_request *r);
void garbage_endless_headers(struct serve_connection *c, const struct serve_request *r);
void garbage_drip(struct serve_connection *c, const struct serve_request *r);
void garbage_no_answer(struct serve_connection *c, const struct serve_request *r);
void garbage_no_http(struct serve_connection *c, const struct serve_request *r);
void garbage_claims_10_gb(struct serve_connection *c, const struct serve_request *r);
void garbage_garbled_chunks(struct serve_connection *c, const struct serve_request *r);
void garbage_redirect_loop(struct serve_connection *c, const struct serve_request *r);
void garbage_deep_json(struct serve_connection *c, const struct serve_request *r);
void garbage_huge_document(struct serve_connection *c, const struct serve_request *r);
void garbage_short_chunks(struct serve_connection *c, const struct serve_request *r);
void garbage_many_layers(struct serve_connection *c, const struct serve_request *r);
