/* SPDX-License-Identifier: MIT */

/*
 * The seccomp agent that is asked by a filter with SCMP_ACT_NOTIFY
 */

#include "oci/listener.h"

#include "oci/config.h"
#include "oci/record.h"
#include "oci/send_fd.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/json.h"

int listener_send(void *context, int listener_fd, int pid, struct error *err)
{
    const struct listener *listener = context;
    const struct config_seccomp *seccomp = listener->seccomp;
    AUTO(json) struct json *message = json_new_object();
    AUTO_FREE char *text = NULL;
    struct record seen = *listener->record;
    struct json *fds = NULL, *state = NULL;

    if (!seccomp->listener_path || !*seccomp->listener_path)
        return error_set(err, ERROR_INVALID,
                         "linux.seccomp.listenerPath: SCMP_ACT_NOTIFY needs a listener");
    if (pid > 0)
        seen.pid = pid;
    fds = json_new_array();
    state = json_new_object();
    record_describe(&seen, RECORD_CREATING, state);
    json_append_text(fds, "seccompFd");
    json_set_text(message, "ociVersion", seen.oci_version);
    json_set(message, "fds", fds);
    json_set_int(message, "pid", seen.pid);
    json_set_text(message, "metadata",
                  seccomp->listener_metadata ? seccomp->listener_metadata : "");
    json_set(message, "state", state);
    text = json_print(message, false);
    return send_fd(seccomp->listener_path, listener_fd, text, err);
}
