/* SPDX-License-Identifier: MIT */

/*
 * Requests about network devices, where somebody else sends answers.
 */

#include "unit.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>

#include "runtime/rtnetlink.h"
#include "util/cleanup.h"
#include "util/error.h"

static int enter_new_network(void **state)
{
    (void)state;
    return unshare(CLONE_NEWNET);
}

static int ask_for_loopback(int fd, void (*take)(const struct nlmsghdr *header, void *context),
                            void *context)
{
    const struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
    struct rtnetlink_message message;

    rtnetlink_begin(&message, RTM_GETLINK, 0, &info, sizeof(info));
    rtnetlink_put(&message, IFLA_IFNAME, "lo", sizeof("lo"));
    return rtnetlink_ask(fd, &message, take, context);
}

static void take_index(const struct nlmsghdr *header, void *context)
{
    const struct ifinfomsg *info = NLMSG_DATA(header);

    if (header->nlmsg_type == RTM_NEWLINK)
        *(int *)context = info->ifi_index;
}

/* As a process with rights in the network can: the kernel hands it on. */
static void send_forged(int from, int to, int number)
{
    struct sockaddr_nl address = { .nl_family = AF_NETLINK };
    socklen_t length = sizeof(address);
    struct {
        struct nlmsghdr header;
        struct nlmsgerr error;
    } forged = { .header = { .nlmsg_len = sizeof(forged), .nlmsg_type = NLMSG_ERROR },
                 .error = { .error = -number } };

    assert_int_equal(getsockname(to, (void *)&address, &length), 0);
    assert_int_equal(
        sendto(from, &forged, sizeof(forged), 0, (const void *)&address, sizeof(address)),
        sizeof(forged));
}

static void answer_of_another_process_does_not_count(void **state)
{
    struct error err = { 0 };
    AUTO_CLOSE int asker = rtnetlink_open(-1, &err);
    AUTO_CLOSE int forger = rtnetlink_open(-1, &err);
    int index = 0;

    (void)state;
    assert_true(asker >= 0 && forger >= 0);
    assert_int_equal(ask_for_loopback(asker, NULL, NULL), 0); /* gives it an address */
    send_forged(forger, asker, 0);
    send_forged(forger, asker, EPERM);
    assert_int_equal(ask_for_loopback(asker, take_index, &index), 0);
    assert_int_equal(index, if_nametoindex("lo"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_of_another_process_does_not_count),
    };

    return cmocka_run_group_tests(tests, enter_new_network, NULL);
}
