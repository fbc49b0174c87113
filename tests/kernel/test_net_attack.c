/* SPDX-License-Identifier: MIT */

/*
 * What a container can do to its neighbours with packets that it makes itself, as one that was
 * given CAP_NET_RAW can; needs root. The numbers are those of docs/security.md.
 */

#include "unit.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net_bed.h"
#include "net_stack.h"

#define ATTACKER "cclient"
#define ATTACKER_ADDRESS BED_IP(10, 88, 1, 20)
#define ATTACKER_IPV6 "fe80::20"
#define FRONT_GATEWAY BED_IP(10, 88, 1, 1)
#define PATIENCE 20              /* echoes, until a neighbour has found its way back */
#define STRANGE_ETHERTYPE 0x88b5 /* for experiments */

static void mac_of(uint32_t address, uint8_t mac[ETH_ALEN])
{
    const uint8_t bytes[ETH_ALEN] = { 0x02,
                                      0x42,
                                      (uint8_t)(address >> 24),
                                      (uint8_t)(address >> 16),
                                      (uint8_t)(address >> 8),
                                      (uint8_t)address };

    memcpy(mac, bytes, ETH_ALEN);
}

/* A frame as the attacker likes it; `to` of 0 is the broadcast address. */
static void send_frame(uint32_t to, uint32_t mac_from, uint16_t type, const void *content,
                       size_t length)
{
    struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_halen = ETH_ALEN };
    struct ether_header head = { .ether_type = htons(type) };
    uint8_t frame[ETH_FRAME_LEN] = { 0 };
    int fd = bed_open(ATTACKER, AF_PACKET, SOCK_RAW, 0);

    link.sll_ifindex = bed_link(ATTACKER);
    memset(head.ether_dhost, 0xff, ETH_ALEN);
    if (to)
        mac_of(to, head.ether_dhost);
    mac_of(mac_from, head.ether_shost);
    memcpy(frame, &head, sizeof(head));
    memcpy(frame + sizeof(head), content, length);
    assert_int_equal(
        sendto(fd, frame, sizeof(head) + length, 0, (struct sockaddr *)&link, sizeof(link)),
        sizeof(head) + length);
    close(fd);
}

/* "I am `address`", said to everybody from the attacker's own hardware address. */
static void claim(uint32_t address, uint16_t operation)
{
    const uint32_t wire = htonl(address);
    struct ether_arp arp = {
        .arp_hrd = htons(ARPHRD_ETHER),
        .arp_pro = htons(ETHERTYPE_IP),
        .arp_hln = ETH_ALEN,
        .arp_pln = sizeof(wire),
        .arp_op = htons(operation),
    };

    mac_of(ATTACKER_ADDRESS, arp.arp_sha);
    memcpy(arp.arp_spa, &wire, sizeof(wire));
    memcpy(arp.arp_tpa, &wire, sizeof(wire));
    send_frame(0, ATTACKER_ADDRESS, ETHERTYPE_ARP, &arp, sizeof(arp));
}

static uint16_t checksum_of(const struct iphdr *head)
{
    uint16_t words[sizeof(*head) / 2];
    uint32_t sum = 0;

    memcpy(words, head, sizeof(words));
    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        sum += words[i];
    sum = (sum & 0xffff) + (sum >> 16);
    return (uint16_t) ~(sum + (sum >> 16));
}

/* A datagram that says it came from `address` and from the hardware of `mac_from`. */
static void send_datagram(uint32_t to, uint32_t mac_from, uint32_t address)
{
    struct {
        struct iphdr ip;
        struct udphdr udp;
        char byte;
    } packet = {
        .ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP },
        .udp = { .uh_sport = htons(53), .uh_dport = htons(PORT) },
        .byte = '!',
    };
    const size_t length = sizeof(packet.ip) + sizeof(packet.udp) + 1;

    packet.ip.tot_len = htons((uint16_t)length);
    packet.udp.uh_ulen = htons(sizeof(packet.udp) + 1);
    packet.ip.saddr = htonl(address);
    packet.ip.daddr = htonl(to);
    packet.ip.check = checksum_of(&packet.ip);
    send_frame(to, mac_from, ETHERTYPE_IP, &packet, length);
}

/* cweb2 sends a datagram to cweb1: does it get it? */
static bool is_reached(void)
{
    int fd = bed_socket("cweb2", SOCK_DGRAM);
    int which;

    stack_direct(fd, stack_webs[0], PORT);
    which = bed_ask(fd, stack_udp, 1, BED_MS);
    close(fd);
    return which == 0;
}

static void s28_a_forged_hardware_address_takes_no_traffic(void **state)
{
    (void)state;
    stack_apply(0, 3, 0);
    assert_true(is_reached());
    for (int i = 0; i < 3; i++)
        send_frame(0, stack_webs[0], STRANGE_ETHERTYPE, "mine", 4);
    assert_true(is_reached());
}

static void s28_a_forged_arp_answer_takes_no_traffic(void **state)
{
    (void)state;
    stack_apply(0, 3, 0);
    bed_command("cweb2", "sysctl -qw net.ipv4.neigh.eth0.locktime=0");
    assert_true(is_reached());
    claim(stack_webs[0], ARPOP_REPLY);
    claim(stack_webs[0], ARPOP_REQUEST);
    assert_true(is_reached());
    claim(FRONT_GATEWAY, ARPOP_REPLY);
    bed_command("cweb2", "ip neigh show 10.88.1.1 | grep -q 02:42:0a:58:01:01");
    claim(stack_webs[0], ARPOP_REPLY);
    bed_command(NULL, "ip neigh show 10.88.1.2 | grep -q 02:42:0a:58:01:02");
}

static void s28_a_forged_address_does_not_arrive(void **state)
{
    static const struct {
        uint32_t mac_from, address;
        bool arrives;
    } cases[] = {
        { ATTACKER_ADDRESS, ATTACKER_ADDRESS, true }, /* no lie at all */
        { ATTACKER_ADDRESS, BED_IP(10, 88, 1, 2), false },
        { BED_IP(10, 88, 1, 2), BED_IP(10, 88, 1, 2), false },
        { BED_IP(10, 88, 1, 99), ATTACKER_ADDRESS, false },
        { BED_IP(10, 88, 1, 99), BED_IP(10, 88, 1, 99), false },
        /* the name server's answer */
        { ATTACKER_ADDRESS, FRONT_GATEWAY, false },
        { FRONT_GATEWAY, FRONT_GATEWAY, false },
    };

    (void)state;
    stack_apply(0, 3, 0);
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char byte;

        send_datagram(stack_webs[1], cases[i].mac_from, cases[i].address);
        if ((bed_which(&stack_udp[1], 1, BED_MS) == 0) != cases[i].arrives)
            fail_msg("case %zu %s", i, cases[i].arrives ? "was lost" : "arrived");
        if (cases[i].arrives)
            assert_int_equal(recv(stack_udp[1], &byte, 1, 0), 1);
    }
}

static void s27_nobody_has_an_ipv6_address(void **state)
{
    static const char *const names[] = { "cweb1", "cclient", "cdb", "cin1", "cforeign" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        bed_command(names[i], "test ! -s /proc/thread-self/net/if_inet6");
    /* On the host neither bridges nor the links to replicas have one: all begin with "c". */
    bed_command(NULL, "! grep \" c[a-z0-9]*$\" /proc/thread-self/net/if_inet6");
}

/* Whether an echo to all nodes of the attacker's network is answered; the answer to oneself,
 * which comes back from the bridge, does not count. */
static bool is_answered_by_all_nodes(void)
{
    struct sockaddr_in6 all = { .sin6_family = AF_INET6 };
    struct icmp6_hdr echo = { .icmp6_type = ICMP6_ECHO_REQUEST };
    struct icmp6_filter filter;
    struct sockaddr_in6 from;
    socklen_t size = sizeof(from);
    struct in6_addr own;
    int fd = bed_open(ATTACKER, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
    bool answered = false;

    ICMP6_FILTER_SETBLOCKALL(&filter);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
    all.sin6_scope_id = (uint32_t)bed_link(ATTACKER);
    assert_int_equal(inet_pton(AF_INET6, "ff02::1", &all.sin6_addr), 1);
    assert_int_equal(setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)), 0);
    assert_int_equal(inet_pton(AF_INET6, ATTACKER_IPV6, &own), 1);
    assert_int_equal(sendto(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&all, sizeof(all)),
                     sizeof(echo));
    while (bed_which(&fd, 1, BED_MS) == 0) {
        assert_true(recvfrom(fd, &echo, sizeof(echo), 0, (struct sockaddr *)&from, &size) > 0);
        answered = answered || memcmp(&from.sin6_addr, &own, sizeof(own)) != 0;
    }
    close(fd);
    return answered;
}

#define WITH_IPV6(address)                                                           \
    "sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.eth0.disable_ipv6=0 " \
    "net.ipv6.icmp.echo_ignore_multicast=0 && "                                      \
    "ip -6 addr add " address "/64 dev eth0 nodad"

static void s27_who_turns_ipv6_on_finds_nobody(void **state)
{
    bool answered = false;

    (void)state;
    stack_apply(0, 3, 0);
    bed_command(ATTACKER, WITH_IPV6(ATTACKER_IPV6));
    assert_false(is_answered_by_all_nodes());
    /* And the way is open: one that turns it on as well does answer. */
    bed_command("cweb3", WITH_IPV6("fe80::4"));
    for (int i = 0; !answered && i < PATIENCE; i++)
        answered = is_answered_by_all_nodes();
    assert_true(answered);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(s28_a_forged_hardware_address_takes_no_traffic),
        cmocka_unit_test(s28_a_forged_arp_answer_takes_no_traffic),
        cmocka_unit_test(s28_a_forged_address_does_not_arrive),
        cmocka_unit_test(s27_nobody_has_an_ipv6_address),
        cmocka_unit_test(s27_who_turns_ipv6_on_finds_nobody),
    };

    return cmocka_run_group_tests(tests, stack_set_up, NULL);
}

int main(void)
{
    return stack_run_both(run);
}
