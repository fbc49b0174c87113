/* SPDX-License-Identifier: MIT */

/*
 * Messages from the supervisor to the front
 */

#include "supervise/front_message.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/dns.h"
#include "util/error.h"

#define HEAD_SIZE offsetof(struct front_message, data)

union control {
    char bytes[CMSG_SPACE(FRONT_MESSAGE_FDS_MAX * sizeof(int))];
    struct cmsghdr align;
};

int front_message_send(int socket, const struct front_message *message, const int *fds,
                       size_t fd_count, struct error *err)
{
    union control control = { 0 };
    struct front_message copy = *message;
    struct iovec part = { .iov_base = &copy, .iov_len = HEAD_SIZE + message->length };
    struct msghdr packet = { .msg_iov = &part, .msg_iovlen = 1 };

    if (fd_count > 0) {
        struct cmsghdr *head = NULL;

        packet.msg_control = control.bytes;
        packet.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        head = CMSG_FIRSTHDR(&packet);
        assert(head && fd_count <= FRONT_MESSAGE_FDS_MAX);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(head), fds, fd_count * sizeof(int));
    }
    while (sendmsg(socket, &packet, MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN)
            return error_set(err, ERROR_TIMEOUT, "the front does not take messages");
        if (errno != EINTR)
            return error_set_errno(err, errno, "send to the front");
    }
    return 0;
}

static void take_fds(struct msghdr *packet, int fds[FRONT_MESSAGE_FDS_MAX])
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(packet); head; head = CMSG_NXTHDR(packet, head)) {
        size_t count = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < MIN(count, (size_t)FRONT_MESSAGE_FDS_MAX); i++)
            memcpy(&fds[i], CMSG_DATA(head) + i * sizeof(int), sizeof(int));
    }
}

enum front_message_result front_message_receive(int socket, struct front_message *out,
                                                int fds[FRONT_MESSAGE_FDS_MAX])
{
    union control control = { 0 };
    struct iovec part = { .iov_base = out, .iov_len = sizeof(*out) };
    struct msghdr packet = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof(control.bytes),
    };
    ssize_t got = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

    for (size_t i = 0; i < FRONT_MESSAGE_FDS_MAX; i++)
        fds[i] = -1;
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return FRONT_MESSAGE_NONE;
    if (got <= 0)
        return FRONT_MESSAGE_END;
    take_fds(&packet, fds);
    if ((size_t)got < HEAD_SIZE || out->type >= FRONT_MESSAGE_COUNT ||
        out->length != (size_t)got - HEAD_SIZE || !memchr(out->key, '\0', sizeof(out->key)))
        return FRONT_MESSAGE_END;
    return FRONT_MESSAGE_GOT;
}

/* Both numbers in 16 bits, the name, the addresses. */
bool front_message_add_name(struct front_message *message, const char *name,
                            const uint32_t *addresses, size_t count)
{
    size_t kept = MIN(count, (size_t)DNS_ADDRESSES_MAX);
    uint16_t head[2] = { (uint16_t)strlen(name), (uint16_t)kept };
    size_t size = sizeof(head) + head[0] + kept * sizeof(*addresses);
    uint8_t *at = message->data + message->length;

    if (message->length + size > sizeof(message->data))
        return false;
    memcpy(at, head, sizeof(head));
    memcpy(at + sizeof(head), name, head[0]);
    if (kept > 0)
        memcpy(at + sizeof(head) + head[0], addresses, kept * sizeof(*addresses));
    message->length += (uint32_t)size;
    return true;
}

bool front_message_read_names(const struct front_message *message, struct dns_table *table)
{
    const uint8_t *at = message->data;
    size_t left = message->length;

    while (left > 0) {
        uint16_t head[2];
        char name[256];

        if (left < sizeof(head))
            return false;
        memcpy(head, at, sizeof(head));
        if (head[0] >= sizeof(name) || left < sizeof(head) + head[0] + head[1] * sizeof(uint32_t))
            return false;
        memcpy(name, at + sizeof(head), head[0]);
        name[head[0]] = '\0';
        at += sizeof(head) + head[0];
        left -= sizeof(head) + head[0];
        if (head[1] == 0)
            dns_table_add(table, name, 0);
        for (uint16_t i = 0; i < head[1]; i++) {
            uint32_t address = 0;

            memcpy(&address, at, sizeof(address));
            dns_table_add(table, name, address);
            at += sizeof(address);
            left -= sizeof(address);
        }
    }
    return true;
}

static bool parse_server(const char *text, struct sockaddr_in6 *out)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(53) };

    *out = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(53) };
    if (inet_pton(AF_INET6, text, &out->sin6_addr) == 1)
        return true;
    if (inet_pton(AF_INET, text, &v4.sin_addr) != 1)
        return false;
    memset(out, 0, sizeof(*out));
    memcpy(out, &v4, sizeof(v4));
    return true;
}

void front_message_parse_upstreams(const char *resolv_conf, struct front_upstreams *out)
{
    *out = (struct front_upstreams){ 0 };
    for (const char *line = resolv_conf; line && *line && out->count < FRONT_MESSAGE_UPSTREAMS_MAX;
         line = strchr(line, '\n')) {
        char server[64];

        line += *line == '\n';
        if (sscanf(line, "nameserver %63s", server) == 1 &&
            parse_server(server, &out->servers[out->count]))
            out->count++;
    }
}
