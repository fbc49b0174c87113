/* SPDX-License-Identifier: MIT */

/*
 * COPY and ADD
 */

#pragma once

#include "build/stage.h"

int copy_step_run(struct stage *stage, const struct cartefile_instruction *at,
                  struct error *err) MUST_CHECK;

/* WORKDIR makes its folder as COPY makes those above its files. */
void copy_step_folder_key(const struct stage *stage, const struct cartefile_instruction *at,
                          const char *path, char key[HASH_SHA256_HEX_SIZE]);
int copy_step_make_folder(const struct merged *base, int tree, const char *path,
                          struct error *err) MUST_CHECK;
