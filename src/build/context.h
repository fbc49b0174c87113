/* SPDX-License-Identifier: MIT */

/*
 * The build context: a folder, and the file that says what of it is left out
 */

#pragma once

#include "build/stage.h"
#include "util/macro.h"

/*
 * Open the context of the request, if it has one, into builder->context, ->ignore and
 * ->ignore_name. The ignore file is the first of NAME.carteignore and NAME.dockerignore beside
 * the Cartefile NAME, .carteignore and .dockerignore in the context.
 */
int context_open(struct builder *builder, struct error *err) MUST_CHECK;
