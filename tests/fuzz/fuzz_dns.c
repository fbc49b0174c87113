/* SPDX-License-Identifier: MIT */

/*
 * Name queries from anybody: no packet may lead outside of its bytes, nor may an answer grow
 * beyond its limit, and every answer belongs to its query.
 */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct dns_view *view_of_names(void)
{
    static struct dns_table table, other;
    static struct dns_view view = { .tables = { &table, &other }, .count = 2 };

    if (table.count > 0)
        return &view;
    dns_table_add(&table, "web", 0x0a580102);
    dns_table_add(&table, "empty", 0);
    for (uint32_t i = 0; i < DNS_ADDRESSES_MAX; i++)
        dns_table_add(&table, "tasks.web", 0x0a580200 + i);
    strcpy(table.suffix, "shop.carte");
    dns_table_add(&other, "store", 0x0a580301);
    return &view;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t limits[] = { 12, 30, 512, DNS_PACKET_MAX };

    if (size > 65535)
        return 0;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        uint8_t *answer = malloc(limits[i]);
        size_t length = 0;

        assert(answer);
        if (dns_answer(view_of_names(), data, size, answer, limits[i], &length) == DNS_ANSWERED) {
            assert(length >= 12 && length <= limits[i]);
            assert(memcmp(answer, data, 2) == 0 && (answer[2] & 0x80));
            (void)dns_is_reply_to(answer, length, data, size);
        }
        length = dns_refuse(data, size, true, answer, limits[i]);
        assert(length <= limits[i]);
        free(answer);
    }
    assert(dns_udp_limit(data, size) <= DNS_PACKET_MAX);
    (void)dns_is_reply_to(data, size, data, size);
    return 0;
}
