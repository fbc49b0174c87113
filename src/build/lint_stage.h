/* SPDX-License-Identifier: MIT */

/*
 * Rules that follow the values of variables through the stages
 */

#pragma once

#include "build/lint.h"

void lint_stage_check(struct lint *lint);
