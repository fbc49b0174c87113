/* SPDX-License-Identifier: MIT */

/*
 * Packet rules and balancing: one nftables table per stack
 *
 * The chains of the table in the order in which a packet meets them:
 *
 *  direct   (before connection tracking) drops what is for 127.0.0.0/8 but did not come from
 *           this machine, and what is for a network's addresses but came from elsewhere. So
 *           only published ports lead into a network.
 *  arrived  drops the refusals of replicas that died a moment ago, and forged sources.
 *  virtual  and virtual_out choose a replica for a connection to a virtual address. They come
 *           before the published ports of all stacks, which mean "all addresses of the host"
 *           and would take in the virtual ones.
 *  published and published_out do the same for published ports.
 *  input, forward keep networks apart.
 *  leaving  gives a connection the source address that brings the answer back here.
 *  senders  (a table of the bridges, of the same name) drops what claims the address of another
 *           in the same network, in IP or ARP.
 *
 * Packets that began on this machine pass the _out chains; each port has a chain of its own,
 * used by both, so that turns are counted once. All base chains have the policy "accept":
 * a chain exists a moment before its rules do.
 */

#include "net/rules.h"

#include <netinet/in.h>
#include <stdio.h>

#include "net/addrpool.h"
#include "net/rules_nft.h"
#include "util/error.h"

/* A client whose connection is refused so often in a minute gets the refusal. */
#define REFUSALS_HIDDEN 3

/* Where in a frame's head, and in its content, addresses of senders are, in bits. */
#define SOURCE_MAC_END 96
#define IP_SOURCE_AT 96
#define ARP_SOURCE_AT 112

static const char *protocol_name(int protocol)
{
    return protocol == IPPROTO_UDP ? "udp" : "tcp";
}

static void add_address(struct text *out, uint32_t address)
{
    char text[16];

    addrpool_format_address(address, text);
    text_add(out, text);
}

static void add_subnet(struct text *out, const struct network *network)
{
    add_address(out, network->subnet);
    text_add_format(out, "/%d", network->prefix);
}

/* { "c1", "c2" } */
static void add_bridges(struct text *out, const struct rules *rules)
{
    text_add(out, "{ ");
    for (size_t i = 0; i < rules->network_count; i++)
        text_add_format(out, "%s\"%s\"", i ? ", " : "", rules->networks[i].bridge);
    text_add(out, " }");
}

/* { 10.88.1.0/24, 10.88.2.0/24 } */
static void add_subnets(struct text *out, const struct rules *rules)
{
    text_add(out, "{ ");
    for (size_t i = 0; i < rules->network_count; i++) {
        text_add(out, i ? ", " : "");
        add_subnet(out, &rules->networks[i]);
    }
    text_add(out, " }");
}

/* What becomes of a new connection: one of `backends` in turn, or the refusal. */
static void add_balancing(struct text *out, const char *match, const uint32_t *backends,
                          size_t count, uint16_t target)
{
    if (count == 0) {
        /* From the host to itself, the reset passes here as well. */
        text_add(out, "\t\ttcp flags & rst == rst return\n"
                      "\t\tmeta l4proto tcp reject with tcp reset\n"
                      "\t\treject with icmpx port-unreachable\n");
        return;
    }
    text_add_format(out, "\t\t%s dnat ip to ", match);
    if (count > 1)
        text_add_format(out, "numgen inc mod %zu map { ", count);
    for (size_t i = 0; i < count; i++) {
        if (count > 1)
            text_add_format(out, "%s%zu : ", i ? ", " : "", i);
        add_address(out, backends[i]);
    }
    if (count > 1)
        text_add(out, " }");
    if (target != 0)
        text_add_format(out, "%s:%d", count > 1 ? " " : "", target);
    text_add(out, "\n");
}

/* The turn of each balanced thing: chains port0, port1, ... and virtual0, ... */
static void add_turns(struct text *out, const struct rules *rules)
{
    for (size_t i = 0; i < rules->port_count; i++) {
        const struct rules_port *port = &rules->ports[i];
        char match[32];

        (void)snprintf(match, sizeof(match), "meta l4proto %s", protocol_name(port->protocol));
        text_add_format(out, "\tchain port%zu {\n", i);
        add_balancing(out, match, port->backends, port->backend_count, port->target);
        text_add(out, "\t}\n");
    }
    for (size_t i = 0; i < rules->virtual_count; i++) {
        const struct rules_virtual *virtual = &rules->virtuals[i];

        text_add_format(out, "\tchain virtual%zu {\n", i);
        add_balancing(out, "meta l4proto { tcp, udp }", virtual->backends, virtual->backend_count,
                      0);
        text_add(out, "\t}\n");
    }
}

/* Kept in the table so that other commands can read which ports are taken. */
static void add_published_set(struct text *out, const struct rules *rules)
{
    text_add(out, "\tset published {\n\t\ttype ipv4_addr . inet_proto . inet_service\n");
    for (size_t i = 0; i < rules->port_count; i++) {
        const struct rules_port *port = &rules->ports[i];

        text_add(out, i ? ", " : "\t\telements = { ");
        add_address(out, port->host_address);
        text_add_format(out, " . %s . %d", protocol_name(port->protocol), port->published);
    }
    text_add(out, rules->port_count ? " }\n\t}\n" : "\t}\n");
}

static void add_direct(struct text *out, const struct rules *rules)
{
    text_add(out, "\tchain direct {\n"
                  "\t\ttype filter hook prerouting priority raw; policy accept;\n"
                  "\t\tiifname != \"lo\" ip daddr 127.0.0.0/8 drop\n");
    for (size_t i = 0; i < rules->network_count; i++) {
        text_add_format(out, "\t\tiifname != { \"lo\", \"%s\" } ip daddr ",
                        rules->networks[i].bridge);
        add_subnet(out, &rules->networks[i]);
        text_add(out, " drop\n");
    }
    text_add(out, "\t}\n");
}

static void add_arrived(struct text *out, const struct rules *rules)
{
    text_add(out, "\tchain arrived {\n"
                  "\t\ttype filter hook prerouting priority mangle; policy accept;\n"
                  "\t\tct direction reply tcp flags & (syn | rst) == rst tcp sequence 0 "
                  "ct status dnat jump refused\n");
    if (rules->network_count > 0)
        text_add(out, "\t\tct state established,related accept\n");
    for (size_t i = 0; i < rules->network_count; i++) {
        text_add_format(out, "\t\tiifname \"%s\" ip saddr != ", rules->networks[i].bridge);
        add_subnet(out, &rules->networks[i]);
        text_add(out, " drop\n");
    }
    text_add(out, "\t}\n");
}

/*
 * An answer to a SYN that refuses has the sequence number 0 (RFC 9293, 3.10.7.1). Connection
 * tracking has forgotten the flow when it saw the answer: the client's next SYN begins anew.
 */
static void add_refused(struct text *out, const struct rules *rules)
{
    text_add(out, "\tset refusals {\n\t\ttype ipv4_addr . inet_service\n"
                  "\t\tsize 65535\n\t\tflags dynamic,timeout\n\t\ttimeout 1m\n\t}\n");
    text_add_format(out,
                    "\tchain hide_refusal {\n"
                    "\t\tadd @refusals { ip daddr . tcp dport limit rate over %d/minute "
                    "burst %d packets } return\n\t\tdrop\n\t}\n",
                    REFUSALS_HIDDEN, REFUSALS_HIDDEN);
    text_add(out, "\tchain refused {\n");
    for (size_t i = 0; i < rules->virtual_count; i++) {
        const struct rules_virtual *virtual = &rules->virtuals[i];

        for (size_t j = 0; j < virtual->tcp_port_count; j++) {
            text_add(out, "\t\tmeta l4proto tcp ct original ip daddr ");
            add_address(out, virtual->address);
            text_add_format(out, " ct original proto-dst %d jump hide_refusal\n",
                            virtual->tcp_ports[j]);
        }
    }
    /* Whoever answers: a replica that the rules no longer name may just have died. */
    for (size_t i = 0; i < rules->port_count; i++) {
        const struct rules_port *port = &rules->ports[i];

        if (port->protocol == IPPROTO_TCP)
            text_add_format(out, "\t\ttcp sport %d ct original proto-dst %d jump hide_refusal\n",
                            port->target, port->published);
    }
    text_add(out, "\t}\n");
}

static void add_virtual(struct text *out, const struct rules *rules, const char *hook,
                        const char *name)
{
    text_add_format(out, "\tchain %s {\n\t\ttype nat hook %s priority -102; policy accept;\n", name,
                    hook);
    for (size_t i = 0; i < rules->virtual_count; i++) {
        text_add(out, "\t\tip daddr ");
        add_address(out, rules->virtuals[i].address);
        text_add_format(out, " meta l4proto { tcp, udp } goto virtual%zu\n", i);
    }
    text_add(out, "\t}\n");
}

static void add_published(struct text *out, const struct rules *rules, const char *hook,
                          const char *name)
{
    text_add_format(out, "\tchain %s {\n\t\ttype nat hook %s priority -100; policy accept;\n", name,
                    hook);
    for (size_t i = 0; i < rules->port_count; i++) {
        const struct rules_port *port = &rules->ports[i];

        text_add(out, "\t\t");
        if (port->host_address == 0) {
            text_add(out, "fib daddr type local");
        } else {
            text_add(out, "ip daddr ");
            add_address(out, port->host_address);
        }
        text_add_format(out, " %s dport %d goto port%zu\n", protocol_name(port->protocol),
                        port->published, i);
    }
    text_add(out, "\t}\n");
}

static void add_input(struct text *out, const struct rules *rules)
{
    text_add(out, "\tchain input {\n"
                  "\t\ttype filter hook input priority filter; policy accept;\n"
                  "\t\tct state established,related accept\n");
    for (size_t i = 0; i < rules->network_count; i++) {
        const struct network *network = &rules->networks[i];

        if (!network->internal)
            continue;
        /* Each stack on a network has an address of its own there for its name server. */
        text_add_format(out, "\t\tiifname \"%s\" ip daddr ", network->bridge);
        add_subnet(out, network);
        text_add(out, " meta l4proto { tcp, udp } th dport 53 accept\n");
        text_add_format(out, "\t\tiifname \"%s\" ip daddr ", network->bridge);
        add_address(out, network->gateway);
        text_add(out, " icmp type echo-request accept\n");
        text_add_format(out, "\t\tiifname \"%s\" drop\n", network->bridge);
    }
    text_add(out, "\t}\n");
}

static void add_forward(struct text *out, const struct rules *rules)
{
    text_add(out, "\tchain forward {\n"
                  "\t\ttype filter hook forward priority filter; policy accept;\n");
    for (size_t i = 0; i < rules->network_count; i++)
        if (rules->networks[i].internal)
            text_add_format(out,
                            "\t\tiifname \"%s\" oifname != \"%s\" drop\n"
                            "\t\tiifname != \"%s\" oifname \"%s\" drop\n",
                            rules->networks[i].bridge, rules->networks[i].bridge,
                            rules->networks[i].bridge, rules->networks[i].bridge);
    if (rules->network_count > 0) {
        text_add(out, "\t\tct state established,related accept\n");
        for (size_t i = 0; i < rules->network_count; i++)
            text_add_format(out, "\t\tiifname \"%s\" oifname \"%s\" accept\n",
                            rules->networks[i].bridge, rules->networks[i].bridge);
        text_add(out, "\t\tct state invalid iifname ");
        add_bridges(out, rules);
        text_add(out, " drop\n\t\tct status dnat accept\n\t\toifname ");
        add_bridges(out, rules);
        text_add(out, " drop\n");
    }
    text_add(out, "\t}\n");
}

static void add_leaving(struct text *out, const struct rules *rules)
{
    text_add(out, "\tchain leaving {\n"
                  "\t\ttype nat hook postrouting priority srcnat; policy accept;\n");
    for (size_t i = 0; i < rules->network_count; i++) {
        const struct network *network = &rules->networks[i];

        text_add_format(out, "\t\toifname \"%s\" ct status dnat ip saddr ", network->bridge);
        add_subnets(out, rules);
        text_add(out, " snat ip to ");
        add_address(out, network->gateway);
        text_add_format(out,
                        "\n\t\toifname \"%s\" ct status dnat fib saddr type local "
                        "snat ip to ",
                        network->bridge);
        add_address(out, network->gateway);
        text_add(out, "\n");
    }
    for (size_t i = 0; i < rules->network_count; i++) {
        const struct network *network = &rules->networks[i];

        if (network->internal)
            continue;
        text_add(out, "\t\tip saddr ");
        add_subnet(out, network);
        text_add_format(out, " oifname != \"%s\" masquerade\n", network->bridge);
    }
    text_add(out, "\t}\n");
}

/* A frame of `type` whose sender's address, `at` bits into its content, is not its hardware's. */
static void add_sender(struct text *out, const struct network *network, const char *type, int at)
{
    int host_bits = 32 - network->prefix;

    for (int digit = 0; digit * 4 < host_bits; digit++)
        text_add_format(out,
                        "\t\tether type %s @nh,%d,%d 0x%x "
                        "@ll,%d,4 . @nh,%d,4 != @digits drop\n",
                        type, at, network->prefix, network->subnet >> host_bits,
                        SOURCE_MAC_END - 4 * (digit + 1), at + 32 - 4 * (digit + 1));
}

/*
 * A replica's hardware address ends with its own address (network.h), and its port takes frames
 * from no other: so address and hardware are compared, digit by digit, and nobody has to be
 * listed here. `arp saddr ip` would look at one of the hardware types only that receivers take.
 */
static void add_senders(struct text *out, const struct rules *rules)
{
    text_add_format(out, "table bridge %s {\n\tset digits {\n\t\ttypeof @ll,%d,4 . @nh,%d,4\n",
                    rules->table, SOURCE_MAC_END - 4, IP_SOURCE_AT + 28);
    text_add(out, "\t\telements = { ");
    for (int digit = 0; digit < 16; digit++)
        text_add_format(out, "%s%d . %d", digit ? ", " : "", digit, digit);
    text_add(out, " }\n\t}\n\tchain senders {\n"
                  "\t\ttype filter hook prerouting priority -300; policy accept;\n");
    for (size_t i = 0; i < rules->network_count; i++) {
        add_sender(out, &rules->networks[i], "arp", ARP_SOURCE_AT);
        add_sender(out, &rules->networks[i], "ip", IP_SOURCE_AT);
    }
    text_add(out, "\t}\n}\n");
}

/* As first words of a script: none of the tables is there. */
static void add_removal(struct text *out, const char *table)
{
    static const char *const families[] = { "inet", "bridge" };

    for (size_t i = 0; i < ARRAY_SIZE(families); i++)
        text_add_format(out, "add table %s %s\ndelete table %s %s\n", families[i], table,
                        families[i], table);
}

void rules_format(const struct rules *rules, struct text *out)
{
    add_removal(out, rules->table);
    text_add_format(out, "table inet %s {\n", rules->table);
    add_published_set(out, rules);
    add_turns(out, rules);
    add_direct(out, rules);
    add_refused(out, rules);
    add_arrived(out, rules);
    add_virtual(out, rules, "prerouting", "virtual");
    add_virtual(out, rules, "output", "virtual_out");
    add_published(out, rules, "prerouting", "published_in");
    add_published(out, rules, "output", "published_out");
    add_input(out, rules);
    add_forward(out, rules);
    add_leaving(out, rules);
    text_add(out, "}\n");
    add_senders(out, rules);
}

int rules_apply(const struct rules *rules, struct error *err)
{
    AUTO_TEXT struct text script = { 0 };
    AUTO_TEXT struct text printed = { 0 };

    rules_format(rules, &script);
    if (rules_nft_run(text_get(&script), &printed, err) < 0)
        return error_wrap(err, "apply the packet rules '%s'", rules->table);
    return 0;
}

int rules_remove(const char *table, struct error *err)
{
    AUTO_TEXT struct text script = { 0 };
    AUTO_TEXT struct text printed = { 0 };

    add_removal(&script, table);
    if (rules_nft_run(text_get(&script), &printed, err) < 0)
        return error_wrap(err, "remove the packet rules '%s'", table);
    return 0;
}

void rules_rest(void)
{
    rules_nft_rest();
}
