/* SPDX-License-Identifier: MIT */

/*
 * From the replicas that are there to those that are wanted
 *
 * The count and the definition of each service are brought about step by step; rollout.h says
 * what the next step is. The first start and growth are updates without old replicas.
 */

#pragma once

struct crew;
struct crew_service;

/* One step for every service. */
void update_step(struct crew *crew);

/* The service's wanted definition changed: begin, or forget what an earlier update came to. */
void update_begin(struct crew_service *service);
