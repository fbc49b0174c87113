/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "net/dns.h"

#define IP(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

enum { A = 1, PTR = 12, TXT = 16, AAAA = 28, ANY = 255 };

static struct dns_table table, other;
static const struct dns_view view = { .tables = { &table }, .count = 1 };
static uint8_t answer[DNS_PACKET_MAX];
static size_t answer_length;

static int make_table(void **state)
{
    (void)state;
    dns_table_add(&table, "web", IP(10, 88, 1, 200));
    dns_table_add(&table, "tasks.web", IP(10, 88, 1, 2));
    dns_table_add(&table, "tasks.web", IP(10, 88, 1, 3));
    dns_table_add(&table, "Web-1.", IP(10, 88, 1, 2));
    dns_table_add(&table, "web-2", IP(10, 88, 1, 3));
    dns_table_add(&table, "starting", 0);
    for (unsigned int i = 1; i < 100; i++)
        dns_table_add(&table, "tasks.many", IP(10, 89, 0, i));
    strcpy(table.suffix, "shop.carte");
    return 0;
}

static int drop_table(void **state)
{
    (void)state;
    dns_table_done(&table);
    return 0;
}

/* A query as resolvers send it; `edns` is the size it offers, or 0. */
static size_t make_query(uint8_t *query, const char *name, unsigned int type, unsigned int edns)
{
    static const uint8_t header[] = { 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
    size_t length = sizeof(header);

    memcpy(query, header, sizeof(header));
    while (*name) {
        size_t label = strcspn(name, ".");

        query[length++] = (uint8_t)label;
        memcpy(query + length, name, label);
        length += label;
        name += label + (name[label] == '.');
    }
    query[length++] = 0;
    query[length++] = 0;
    query[length++] = (uint8_t)type;
    query[length++] = 0;
    query[length++] = 1;
    if (edns) {
        const uint8_t opt[] = { 0, 0, 41, (uint8_t)(edns >> 8), (uint8_t)edns, 0, 0, 0, 0, 0, 0 };

        query[11] = 1;
        memcpy(query + length, opt, sizeof(opt));
        length += sizeof(opt);
    }
    return length;
}

static enum dns_verdict ask(const char *name, unsigned int type)
{
    uint8_t query[512];
    size_t length = make_query(query, name, type, 0);

    return dns_answer(&view, query, length, answer, dns_udp_limit(query, length), &answer_length);
}

static int rcode(void)
{
    return answer[3] & 15;
}

static int records(void)
{
    return answer[6] << 8 | answer[7];
}

static void a_service_is_its_virtual_address(void **state)
{
    static const uint8_t address[] = { 10, 88, 1, 200 };

    (void)state;
    assert_int_equal(ask("web", A), DNS_ANSWERED);
    assert_int_equal(rcode(), 0);
    assert_int_equal(records(), 1);
    assert_memory_equal(answer + answer_length - 4, address, 4);
    assert_int_equal(answer[2] & 0x84, 0x84); /* an authoritative answer */
}

static void upper_and_lower_case_come_back_as_they_were_sent(void **state)
{
    (void)state;
    assert_int_equal(ask("wEb", A), DNS_ANSWERED);
    assert_int_equal(records(), 1);
    assert_memory_equal(answer + 13, "wEb", 3);
}

static void all_replicas_are_listed(void **state)
{
    (void)state;
    assert_int_equal(ask("tasks.web", A), DNS_ANSWERED);
    assert_int_equal(records(), 2);
    assert_int_equal(ask("web-1", ANY), DNS_ANSWERED);
    assert_int_equal(records(), 1);
}

static void a_name_without_address_of_the_type_has_an_empty_answer(void **state)
{
    static const unsigned int types[] = { AAAA, TXT, PTR };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
        assert_int_equal(ask("web", types[i]), DNS_ANSWERED);
        assert_int_equal(rcode(), 0);
        assert_int_equal(records(), 0);
    }
    assert_int_equal(ask("starting", A), DNS_ANSWERED);
    assert_int_equal(rcode(), 0);
    assert_int_equal(records(), 0);
}

static void other_names_are_asked_elsewhere(void **state)
{
    (void)state;
    assert_int_equal(ask("example.org", A), DNS_FORWARD);
    assert_int_equal(ask("web.example.org", A), DNS_FORWARD);
    assert_int_equal(ask("", A), DNS_FORWARD);
    assert_int_equal(ask("9.9.9.9.in-addr.arpa", PTR), DNS_FORWARD);
}

static void the_search_domain_ends_with_us(void **state)
{
    (void)state;
    assert_int_equal(ask("web.shop.carte", A), DNS_ANSWERED);
    assert_int_equal(records(), 1);
    assert_int_equal(ask("nobody.SHOP.carte", A), DNS_ANSWERED);
    assert_int_equal(rcode(), 3);
    assert_int_equal(ask("xshop.carte", A), DNS_FORWARD);
}

static void an_address_is_named_by_its_own_name(void **state)
{
    (void)state;
    assert_int_equal(ask("2.1.88.10.in-addr.arpa", PTR), DNS_ANSWERED);
    assert_int_equal(records(), 1);
    assert_memory_equal(answer + answer_length - 7, "\5web-1", 7);
}

static void a_long_answer_is_cut_to_what_the_asker_takes(void **state)
{
    uint8_t query[512];
    size_t length;

    (void)state;
    assert_int_equal(ask("tasks.many", A), DNS_ANSWERED);
    assert_in_range(answer_length, 400, 512);
    assert_true(answer[2] & 2);

    length = make_query(query, "tasks.many", A, 4096);
    assert_int_equal(dns_udp_limit(query, length), 1232);
    assert_int_equal(dns_answer(&view, query, length, answer, 1232, &answer_length), DNS_ANSWERED);
    assert_in_range(answer_length, 1200, 1232);
    assert_int_equal(answer[11], 1);

    assert_int_equal(dns_answer(&view, query, length, answer, DNS_PACKET_MAX, &answer_length),
                     DNS_ANSWERED);
    assert_int_equal(records(), 99);
    assert_false(answer[2] & 2);
}

static void s29_hostile_packets_get_an_error_or_nothing(void **state)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t length;
        enum dns_verdict verdict;
        int rcode;
    } cases[] = {
        { "empty", "", 0, DNS_DROP, 0 },
        { "short header", "\0\0\1\0\0\1\0\0\0\0\0", 11, DNS_DROP, 0 },
        { "a response", "\0\0\x81\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1", 21, DNS_DROP, 0 },
        { "no question", "\0\0\1\0\0\0\0\0\0\0\0\0", 12, DNS_ANSWERED, 1 },
        { "two questions", "\0\0\1\0\0\2\0\0\0\0\0\0\3web\0\0\1\0\1", 21, DNS_ANSWERED, 1 },
        { "an answer in a query", "\0\0\1\0\0\1\0\1\0\0\0\0\3web\0\0\1\0\1", 21, DNS_ANSWERED, 1 },
        { "an update", "\0\0\x28\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1", 21, DNS_ANSWERED, 4 },
        { "label beyond the end", "\0\0\1\0\0\1\0\0\0\0\0\0\77web", 16, DNS_ANSWERED, 1 },
        { "pointer to itself", "\0\0\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18, DNS_ANSWERED, 1 },
        { "reserved label type", "\0\0\1\0\0\1\0\0\0\0\0\0\x80web\0\0\1\0\1", 21, DNS_ANSWERED, 1 },
        { "no type", "\0\0\1\0\0\1\0\0\0\0\0\0\3web\0\0\1", 19, DNS_ANSWERED, 1 },
        { "class of chaos", "\0\0\1\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\3", 21, DNS_ANSWERED, 5 },
        { "zone transfer", "\0\0\1\0\0\1\0\0\0\0\0\0\3web\0\0\xfc\0\1", 21, DNS_ANSWERED, 5 },
        { "missing additional", "\0\0\1\0\0\1\0\0\0\0\0\1\3web\0\0\1\0\1", 21, DNS_ANSWERED, 1 },
        { "many additional", "\0\0\1\0\0\1\0\0\0\0\xff\xff\3web\0\0\1\0\1", 21, DNS_ANSWERED, 1 },
        { "record longer than the packet",
          "\0\0\1\0\0\1\0\0\0\0\0\1\3web\0\0\1\0\1\0\0\x29\4\0\0\0\0\0\xff\xff", 32, DNS_ANSWERED,
          1 },
        { "EDNS of the future", "\0\0\1\0\0\1\0\0\0\0\0\1\3web\0\0\1\0\1\0\0\x29\4\0\0\1\0\0\0\0",
          32, DNS_ANSWERED, 0 },
        { "a dot inside of a label", "\0\0\1\0\0\1\0\0\0\0\0\0\11tasks.web\0\0\1\0\1", 27,
          DNS_FORWARD, 0 },
        { "a zero inside of a label", "\0\0\1\0\0\1\0\0\0\0\0\0\4web\0\0\0\1\0\1", 22, DNS_FORWARD,
          0 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        /* Its own block, so that the sanitizer sees every read beyond the end. */
        uint8_t *packet = malloc(MAX(cases[i].length, (size_t)1));
        enum dns_verdict verdict;

        assert_non_null(packet);
        memcpy(packet, cases[i].bytes, cases[i].length);
        verdict = dns_answer(&view, packet, cases[i].length, answer, 512, &answer_length);
        free(packet);
        if (verdict != cases[i].verdict || (verdict == DNS_ANSWERED && rcode() != cases[i].rcode))
            fail_msg("%s: verdict %d, rcode %d", cases[i].what, (int)verdict, rcode());
    }
}

static void a_name_of_255_bytes_is_the_longest(void **state)
{
    char name[300];

    (void)state;
    memset(name, 'a', sizeof(name));
    name[63] = name[127] = name[191] = '.';
    name[253] = '\0';
    assert_int_equal(ask(name, A), DNS_FORWARD);
    name[253] = 'a';
    name[254] = '\0';
    assert_int_equal(ask(name, A), DNS_ANSWERED);
    assert_int_equal(rcode(), 1);
}

static void s29_only_the_answer_to_the_question_is_believed(void **state)
{
    uint8_t query[64];
    uint8_t reply[64];
    size_t length = make_query(query, "example.org", A, 0);

    (void)state;
    memcpy(reply, query, length);
    assert_false(dns_is_reply_to(reply, length, query, length));
    reply[2] |= 0x80;
    assert_true(dns_is_reply_to(reply, length, query, length));
    assert_false(dns_is_reply_to(reply, length - 1, query, length));
    reply[13] ^= 0x20;
    assert_false(dns_is_reply_to(reply, length, query, length));
    reply[13] ^= 0x20;
    reply[1] ^= 1;
    assert_false(dns_is_reply_to(reply, length, query, length));
}

static void what_cannot_be_forwarded_is_refused(void **state)
{
    uint8_t query[64];
    size_t length = make_query(query, "example.org", A, 1400);

    (void)state;
    answer_length = dns_refuse(query, length, false, answer, 512);
    assert_int_equal(rcode(), 5);
    assert_int_equal(answer_length, length);
    (void)dns_refuse(query, length, true, answer, 512);
    assert_int_equal(rcode(), 2);
    assert_int_equal(dns_refuse(query, 5, true, answer, 512), 0);
}

static void an_asker_of_several_networks_knows_the_names_of_all(void **state)
{
    const struct dns_view both = { .tables = { &table, &other }, .count = 2 };
    static const uint8_t own[] = { 10, 88, 1, 200 };
    uint8_t query[512];
    size_t length = make_query(query, "store", A, 0);

    (void)state;
    dns_table_add(&other, "store", IP(10, 90, 0, 2));
    dns_table_add(&other, "web", IP(10, 90, 0, 3));
    assert_int_equal(ask("store", A), DNS_FORWARD);
    assert_int_equal(ask("2.0.90.10.in-addr.arpa", PTR), DNS_FORWARD);
    assert_int_equal(dns_answer(&both, query, length, answer, 512, &answer_length), DNS_ANSWERED);
    assert_int_equal(records(), 1);
    /* The first network that has the name answers for it. */
    length = make_query(query, "web", A, 0);
    assert_int_equal(dns_answer(&both, query, length, answer, 512, &answer_length), DNS_ANSWERED);
    assert_int_equal(records(), 1);
    assert_memory_equal(answer + answer_length - 4, own, 4);
    length = make_query(query, "2.0.90.10.in-addr.arpa", PTR, 0);
    assert_int_equal(dns_answer(&both, query, length, answer, 512, &answer_length), DNS_ANSWERED);
    assert_int_equal(records(), 1);
    dns_table_done(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_is_its_virtual_address),
        cmocka_unit_test(upper_and_lower_case_come_back_as_they_were_sent),
        cmocka_unit_test(all_replicas_are_listed),
        cmocka_unit_test(a_name_without_address_of_the_type_has_an_empty_answer),
        cmocka_unit_test(other_names_are_asked_elsewhere),
        cmocka_unit_test(the_search_domain_ends_with_us),
        cmocka_unit_test(an_address_is_named_by_its_own_name),
        cmocka_unit_test(a_long_answer_is_cut_to_what_the_asker_takes),
        cmocka_unit_test(s29_hostile_packets_get_an_error_or_nothing),
        cmocka_unit_test(a_name_of_255_bytes_is_the_longest),
        cmocka_unit_test(s29_only_the_answer_to_the_question_is_believed),
        cmocka_unit_test(what_cannot_be_forwarded_is_refused),
        cmocka_unit_test(an_asker_of_several_networks_knows_the_names_of_all),
    };

    return cmocka_run_group_tests(tests, make_table, drop_table);
}
