/* SPDX-License-Identifier: MIT */

/*
 * nftables scripts, given to the kernel through libnftables
 */

#include "net/rules_nft.h"

#include <fcntl.h>
#include <linux/netlink.h>
#include <nftables/libnftables.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"
#include "util/macro.h"

#define FDS_SEARCHED 8

/*
 * Kept for the life of the process: to close a socket through which rules were changed waits
 * until the kernel has freed the old ones, which takes much longer than the change.
 */
static struct nft_ctx *kept;
static ino_t kept_namespace;

static ino_t find_namespace(void)
{
    struct stat status;

    return stat("/proc/thread-self/ns/net", &status) == 0 ? status.st_ino : 0;
}

/* libnftables does not tell its socket, and leaves it open for programs that are executed. */
static void close_on_exec(int from)
{
    int protocol = 0;
    socklen_t length = sizeof(protocol);

    for (int fd = from; fd < from + FDS_SEARCHED; fd++)
        if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) == 0 &&
            protocol == NETLINK_NETFILTER)
            (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static struct nft_ctx *open_context(void)
{
    int lowest = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);

    if (lowest >= 0)
        close(lowest);
    kept = nft_ctx_new(NFT_CTX_DEFAULT);
    if (kept) {
        close_on_exec(MAX(lowest, 0));
        nft_ctx_output_set_flags(kept, NFT_CTX_OUTPUT_NUMERIC_ALL);
        kept_namespace = find_namespace();
    }
    return kept;
}

void rules_nft_rest(void)
{
    if (kept)
        nft_ctx_free(kept);
    kept = NULL;
}

static struct nft_ctx *find_context(void)
{
    if (kept && kept_namespace != find_namespace())
        rules_nft_rest();
    return kept ? kept : open_context();
}

int rules_nft_run(const char *script, struct text *out, struct error *err)
{
    struct nft_ctx *nft = find_context();

    if (!nft)
        return error_set(err, ERROR_SYSTEM, "nftables cannot be used");
    if (nft_ctx_buffer_output(nft) != 0 || nft_ctx_buffer_error(nft) != 0)
        abort();
    if (nft_run_cmd_from_buffer(nft, script) != 0) {
        const char *reason = nft_ctx_get_error_buffer(nft);
        enum error_code code = strstr(reason, "No such file") ? ERROR_NOT_FOUND : ERROR_SYSTEM;

        error_set(err, code, "nftables: %.*s", (int)strcspn(reason, "\n"), reason);
        /* Nobody knows what is still to come from the kernel: the next begins anew. */
        rules_nft_rest();
        return -1;
    }
    text_add(out, nft_ctx_get_output_buffer(nft));
    /* What was printed is freed; the next buffers begin empty. */
    nft_ctx_unbuffer_output(nft);
    nft_ctx_unbuffer_error(nft);
    return 0;
}
