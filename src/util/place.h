/* SPDX-License-Identifier: MIT */

/*
 * Where things lie
 *
 * CARTE_ROOT (/var/lib/carte) survives a reboot: images, volumes, stored stacks, logs.
 * CARTE_RUN (/run/carte) does not: sockets, locks, the state of what runs.
 *
 *     ROOT/images/                        the image store
 *     ROOT/stacks/PROJECT/                stack.yaml (resolved), revisions/, logs/, events
 *     ROOT/volumes/NAME/data              named volumes
 *     ROOT/networks/NAME.json             networks that belong to no stack
 *     ROOT/ids/FIRST                      ranges of ids of user namespaces
 *     RUN/build-PID-START/                the network of a RUN step, while it runs
 *     RUN/filters/                        compiled syscall filters of carte-oci
 *     RUN/networks/NAME/                  who has which address and name there
 *     RUN/oci/ID/                         a container of carte-oci
 *     RUN/stacks/PROJECT/                 lock, control.sock, state, netns/, replicas
 */

#pragma once

#include "util/macro.h"

const char *place_root(void);
const char *place_run(void);

/* `path` as the user would write it: what is below the working folder without that in front. */
char *place_shorten(const char *path) MUST_CHECK;

/* "<root>/<format>" and "<run>/<format>"; the caller frees them. */
char *place_in_root(const char *format, ...) PRINTF_LIKE(1, 2) MUST_CHECK;
char *place_in_run(const char *format, ...) PRINTF_LIKE(1, 2) MUST_CHECK;
