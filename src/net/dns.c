/* SPDX-License-Identifier: MIT */

/*
 * Names: what a query gets for an answer
 *
 * A query is read once, front to back, into struct question. A name in a question is never
 * compressed, so there are no pointers to follow and no loops; what does not fit the form is
 * answered FORMERR. The question is echoed byte for byte, because resolvers that mix upper
 * and lower case look for their mixture in the answer.
 */

#include "net/dns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/text.h"

#define HEADER_LENGTH 12
#define LABEL_MAX 63
#define NAME_MAX_WIRE 255
#define UDP_MIN 512
#define UDP_MAX 1232 /* fits every path unfragmented */
#define TTL_SECONDS 1
#define ADDITIONAL_MAX 8
#define REVERSE_SUFFIX ".in-addr.arpa"

enum {
    TYPE_A = 1,
    TYPE_PTR = 12,
    TYPE_OPT = 41,
    TYPE_IXFR = 251,
    TYPE_AXFR = 252,
    TYPE_ANY = 255,
    CLASS_IN = 1,
    CLASS_ANY = 255,
};

enum rcode {
    RCODE_OK = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_BADVERS = 16,
};

enum {
    FLAG_RESPONSE = 0x8000,
    FLAG_OPCODE = 0x7800,
    FLAG_AUTHORITATIVE = 0x0400,
    FLAG_TRUNCATED = 0x0200,
    FLAG_DESIRED = 0x0100,
    FLAG_AVAILABLE = 0x0080,
};

struct question {
    char name[256]; /* lower case; empty when it cannot be one of ours */
    uint16_t type;
    uint16_t class;
    size_t end; /* offset behind the question; 0 while it is not readable */
    bool edns;
    uint8_t edns_version;
    uint16_t edns_size;
    uint16_t edns_flags;
};

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, unsigned int value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static char lower(uint8_t c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Read the name at `at` into text; the offset behind it, or 0. */
static size_t read_name(const uint8_t *packet, size_t length, size_t at, char name[256])
{
    size_t start = at;
    size_t used = 0;
    bool plain = true;

    while (at < length && packet[at] != 0) {
        size_t label = packet[at++];

        if (label > LABEL_MAX || label > length - at || at + label - start >= NAME_MAX_WIRE)
            return 0;
        if (used > 0)
            name[used++] = '.';
        for (size_t i = 0; i < label; i++) {
            plain = plain && packet[at + i] > ' ' && packet[at + i] < 127 && packet[at + i] != '.';
            name[used++] = lower(packet[at + i]);
        }
        at += label;
    }
    name[plain ? used : 0] = '\0';
    return at < length ? at + 1 : 0;
}

/* The offset behind an owner's name, which may be compressed; 0: not readable. */
static size_t skip_name(const uint8_t *packet, size_t length, size_t at)
{
    while (at < length) {
        if (packet[at] == 0)
            return at + 1;
        if ((packet[at] & 0xc0) == 0xc0)
            return at + 2 <= length ? at + 2 : 0;
        if (packet[at] > LABEL_MAX)
            return 0;
        at += packet[at] + 1U;
    }
    return 0;
}

/* Look through the additional records for the one of EDNS. */
static bool read_additional(const uint8_t *packet, size_t length, unsigned int count,
                            struct question *question)
{
    size_t at = question->end;

    if (count > ADDITIONAL_MAX)
        return false;
    while (count-- > 0) {
        size_t start = at;

        at = skip_name(packet, length, at);
        if (at == 0 || length - at < 10 || length - at - 10 < get16(packet + at + 8))
            return false;
        if (get16(packet + at) == TYPE_OPT) {
            if (question->edns || packet[start] != 0)
                return false;
            question->edns = true;
            question->edns_size = get16(packet + at + 2);
            question->edns_version = packet[at + 5];
            question->edns_flags = get16(packet + at + 6);
        }
        at += 10U + get16(packet + at + 8);
    }
    return true;
}

/* Read a query whose header is whole. What could be read stays, also after a failure. */
static enum rcode read_query(const uint8_t *packet, size_t length, struct question *question)
{
    size_t at;

    *question = (struct question){ 0 };
    if ((get16(packet + 2) & FLAG_OPCODE) != 0)
        return RCODE_NOTIMP;
    if (get16(packet + 4) != 1 || get16(packet + 6) != 0 || get16(packet + 8) != 0)
        return RCODE_FORMERR;
    at = read_name(packet, length, HEADER_LENGTH, question->name);
    if (at == 0 || length - at < 4)
        return RCODE_FORMERR;
    question->type = get16(packet + at);
    question->class = get16(packet + at + 2);
    question->end = at + 4;
    if (!read_additional(packet, length, get16(packet + 10), question)) {
        question->edns = false;
        return RCODE_FORMERR;
    }
    if (question->edns && question->edns_version != 0)
        return RCODE_BADVERS;
    if (question->class != CLASS_IN && question->class != CLASS_ANY)
        return RCODE_REFUSED;
    if (question->type == TYPE_AXFR || question->type == TYPE_IXFR || question->type == TYPE_OPT)
        return RCODE_REFUSED;
    return RCODE_OK;
}

static bool is_query(const uint8_t *query, size_t length)
{
    return length >= HEADER_LENGTH && !(get16(query + 2) & FLAG_RESPONSE);
}

size_t dns_udp_limit(const uint8_t *query, size_t length)
{
    struct question question;

    if (!is_query(query, length))
        return UDP_MIN;
    (void)read_query(query, length, &question);
    return question.edns ? MAX(UDP_MIN, MIN(UDP_MAX, question.edns_size)) : UDP_MIN;
}

/* An answer while it is written; `room` leaves out what the record of EDNS will need. */
struct answer {
    uint8_t *bytes;
    size_t length;
    size_t room;
    unsigned int records;
    bool truncated;
};

#define EDNS_LENGTH 11

/* Header and question; false: not even they fit. */
static bool begin_answer(struct answer *answer, const uint8_t *query,
                         const struct question *question, size_t limit)
{
    size_t length = MAX(question->end, (size_t)HEADER_LENGTH);
    size_t reserved = question->edns ? EDNS_LENGTH : 0;

    if (length + reserved > limit)
        return false;
    memcpy(answer->bytes, query, length);
    answer->length = length;
    answer->room = limit - reserved;
    return true;
}

/* A record about the question's own name. */
static void add_record(struct answer *answer, unsigned int type, const uint8_t *data, size_t length)
{
    uint8_t *at = answer->bytes + answer->length;

    if (answer->truncated || answer->room - answer->length < 12 + length) {
        answer->truncated = true;
        return;
    }
    put16(at, 0xc000 | HEADER_LENGTH);
    put16(at + 2, type);
    put16(at + 4, CLASS_IN);
    put16(at + 6, 0);
    put16(at + 8, TTL_SECONDS);
    put16(at + 10, (unsigned int)length);
    memcpy(at + 12, data, length);
    answer->length += 12 + length;
    answer->records++;
}

static size_t end_answer(struct answer *answer, const uint8_t *query,
                         const struct question *question, enum rcode rcode)
{
    unsigned int flags = get16(query + 2) & (FLAG_OPCODE | FLAG_DESIRED);
    uint8_t *bytes = answer->bytes;

    flags |= FLAG_RESPONSE | FLAG_AVAILABLE | ((unsigned int)rcode & 15);
    flags |= rcode == RCODE_OK || rcode == RCODE_NXDOMAIN ? FLAG_AUTHORITATIVE : 0;
    flags |= answer->truncated ? FLAG_TRUNCATED : 0;
    put16(bytes + 2, flags);
    put16(bytes + 4, question->end ? 1 : 0);
    put16(bytes + 6, answer->records);
    put16(bytes + 8, 0);
    put16(bytes + 10, question->edns ? 1 : 0);
    if (question->edns) {
        uint8_t *at = bytes + answer->length;

        at[0] = 0;
        put16(at + 1, TYPE_OPT);
        put16(at + 3, UDP_MAX);
        at[5] = (uint8_t)((unsigned int)rcode >> 4);
        at[6] = 0;
        put16(at + 7, question->edns_flags & 0x8000);
        put16(at + 9, 0);
        answer->length += EDNS_LENGTH;
    }
    return answer->length;
}

/* An answer without records; 0: it does not fit. */
static size_t answer_with(enum rcode rcode, const uint8_t *query, const struct question *question,
                          uint8_t *bytes, size_t limit)
{
    struct answer answer = { .bytes = bytes };

    if (!begin_answer(&answer, query, question, limit))
        return 0;
    return end_answer(&answer, query, question, rcode);
}

size_t dns_refuse(const uint8_t *query, size_t length, bool failure, uint8_t *answer, size_t limit)
{
    struct question question;

    if (!is_query(query, length))
        return 0;
    (void)read_query(query, length, &question);
    return answer_with(failure ? RCODE_SERVFAIL : RCODE_REFUSED, query, &question, answer, limit);
}

static void add_addresses(struct answer *answer, const struct dns_name *name, unsigned int turn)
{
    for (size_t i = 0; i < name->address_count; i++) {
        uint32_t address = name->addresses[(i + turn) % name->address_count];
        uint8_t data[4] = { (uint8_t)(address >> 24), (uint8_t)(address >> 16),
                            (uint8_t)(address >> 8), (uint8_t)address };

        add_record(answer, TYPE_A, data, sizeof(data));
    }
}

static void add_pointer(struct answer *answer, const char *name)
{
    uint8_t data[NAME_MAX_WIRE + 1];
    size_t used = 0;

    while (*name) {
        size_t label = strcspn(name, ".");

        if (label == 0 || label > LABEL_MAX || used + label + 2 > NAME_MAX_WIRE)
            return;
        data[used++] = (uint8_t)label;
        memcpy(data + used, name, label);
        used += label;
        name += label + (name[label] == '.' ? 1 : 0);
    }
    data[used++] = 0;
    add_record(answer, TYPE_PTR, data, used);
}

static size_t find_place(const struct dns_table *table, const char *name, bool *found)
{
    size_t low = 0;
    size_t high = table->count;

    *found = false;
    while (low < high && !*found) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, table->names[middle].name);

        *found = order == 0;
        if (order < 0)
            high = middle;
        else
            low = order == 0 ? middle : middle + 1;
    }
    return low;
}

static const struct dns_name *find_name(const struct dns_table *table, const char *name)
{
    bool found = false;
    size_t place = find_place(table, name, &found);

    return found ? &table->names[place] : NULL;
}

/* Cut the search domain off; true if it was there. */
static bool cut_suffix(const struct dns_table *table, char *name)
{
    size_t length = strlen(name);
    size_t suffix = strlen(table->suffix);

    if (suffix == 0 || length <= suffix + 1 || name[length - suffix - 1] != '.' ||
        strcmp(name + length - suffix, table->suffix) != 0)
        return false;
    name[length - suffix - 1] = '\0';
    return true;
}

/* The best name of an address: the one that means it and nothing else. */
static const struct dns_name *find_address(const struct dns_table *table, const char *reverse)
{
    const struct dns_name *best = NULL;
    unsigned int part[4];
    uint32_t address;
    char end[sizeof(REVERSE_SUFFIX) + 1];

    if (sscanf(reverse, "%3u.%3u.%3u.%3u%14s", &part[0], &part[1], &part[2], &part[3], end) != 5 ||
        strcmp(end, REVERSE_SUFFIX) != 0 || (part[0] | part[1] | part[2] | part[3]) > 255)
        return NULL;
    address = part[3] << 24 | part[2] << 16 | part[1] << 8 | part[0];
    for (size_t i = 0; i < table->count; i++) {
        const struct dns_name *name = &table->names[i];

        for (size_t j = 0; j < name->address_count; j++)
            if (name->addresses[j] == address &&
                (!best || name->address_count < best->address_count ||
                 (name->address_count == best->address_count &&
                  text_starts_with(best->name, "tasks."))))
                best = name;
    }
    return best;
}

/* `below`: is it under a search domain of ours, where nobody else knows names? */
static const struct dns_name *find_in_view(const struct dns_view *view, const char *asked,
                                           bool *below)
{
    const struct dns_name *name = NULL;

    for (size_t i = 0; i < view->count && !name; i++) {
        char key[sizeof(name->name)];

        snprintf(key, sizeof(key), "%s", asked);
        if (cut_suffix(view->tables[i], key))
            *below = true;
        name = find_name(view->tables[i], key);
    }
    return name;
}

enum dns_verdict dns_answer(const struct dns_view *view, const uint8_t *query, size_t length,
                            uint8_t *answer, size_t limit, size_t *answer_length)
{
    struct answer out = { .bytes = answer };
    struct question question;
    const struct dns_name *pointed = NULL;
    const struct dns_name *name;
    enum rcode rcode;
    bool below = false;

    if (!is_query(query, length))
        return DNS_DROP;
    rcode = read_query(query, length, &question);
    if (rcode != RCODE_OK) {
        *answer_length = answer_with(rcode, query, &question, answer, limit);
        return *answer_length ? DNS_ANSWERED : DNS_DROP;
    }
    for (size_t i = 0; question.type == TYPE_PTR && !pointed && i < view->count; i++)
        pointed = find_address(view->tables[i], question.name);
    name = find_in_view(view, question.name, &below);
    if (!name && !pointed && !below)
        return DNS_FORWARD;
    if (!begin_answer(&out, query, &question, limit))
        return DNS_DROP;
    if (pointed)
        add_pointer(&out, pointed->name);
    else if (name && (question.type == TYPE_A || question.type == TYPE_ANY))
        add_addresses(&out, name, get16(query));
    *answer_length =
        end_answer(&out, query, &question, name || pointed ? RCODE_OK : RCODE_NXDOMAIN);
    return DNS_ANSWERED;
}

bool dns_is_reply_to(const uint8_t *reply, size_t reply_length, const uint8_t *query,
                     size_t query_length)
{
    struct question question;

    if (!is_query(query, query_length) || reply_length < HEADER_LENGTH ||
        !(get16(reply + 2) & FLAG_RESPONSE) || memcmp(reply, query, 2) != 0)
        return false;
    (void)read_query(query, query_length, &question);
    if (question.end == 0)
        return false;
    /* A server that refuses may leave the question out. */
    if (get16(reply + 4) == 0)
        return reply_length == HEADER_LENGTH && (get16(reply + 2) & 15) != RCODE_OK;
    return get16(reply + 4) == 1 && reply_length >= question.end &&
           memcmp(reply + HEADER_LENGTH, query + HEADER_LENGTH, question.end - HEADER_LENGTH) == 0;
}

void dns_table_add(struct dns_table *table, const char *name, uint32_t address)
{
    char key[256];
    size_t length = MIN(strlen(name), sizeof(key) - 1);
    struct dns_name *entry;
    bool found = false;
    size_t place;

    for (size_t i = 0; i < length; i++)
        key[i] = lower((uint8_t)name[i]);
    while (length > 0 && key[length - 1] == '.')
        length--;
    key[length] = '\0';
    if (length == 0)
        return;
    place = find_place(table, key, &found);
    if (!found) {
        (void)ALLOC_APPEND(table->names, table->count);
        memmove(&table->names[place + 1], &table->names[place],
                (table->count - 1 - place) * sizeof(*table->names));
        table->names[place] = (struct dns_name){ 0 };
        memcpy(table->names[place].name, key, length + 1);
    }
    entry = &table->names[place];
    for (size_t i = 0; i < entry->address_count; i++)
        if (entry->addresses[i] == address)
            return;
    if (address != 0 && entry->address_count < DNS_ADDRESSES_MAX)
        *ALLOC_APPEND(entry->addresses, entry->address_count) = address;
}

void dns_table_done(struct dns_table *table)
{
    for (size_t i = 0; i < table->count; i++)
        free(table->names[i].addresses);
    free(table->names);
    *table = (struct dns_table){ 0 };
}
