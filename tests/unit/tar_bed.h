/* SPDX-License-Identifier: MIT */

/*
 * Archives made by hand, byte by byte, for what no proper program would write
 */

#pragma once

#include <stdio.h>
#include <string.h>

#include "util/text.h"

#define TAR_BLOCK 512U

/* One entry; what is not given is as of a regular, empty file of root. */
struct tar_part {
    const char *path;
    char type;              /* 0: '0', a regular file */
    unsigned mode;          /* 0: 0644, of a folder 0755 */
    const char *link;       /* target of a link */
    const char *content;    /* NULL: none */
    const char *size;       /* in octal, instead of the content's length */
    const char *uid, *time; /* in octal */
    unsigned major, minor;
    const char *pax[8]; /* records "key=value", before the entry; ended by NULL */
};

static inline void tar_add_padding(struct text *tar)
{
    while (tar->length % TAR_BLOCK != 0)
        text_add_bytes(tar, "", 1);
}

static inline void tar_add_block(struct text *tar, const struct tar_part *part, size_t size)
{
    char block[TAR_BLOCK] = { 0 };
    unsigned mode = part->mode ? part->mode : part->type == '5' ? 0755 : 0644;
    unsigned sum = 0;

    memcpy(block, part->path, strnlen(part->path, 100));
    snprintf(block + 100, 8, "%07o", mode & 07777);
    snprintf(block + 108, 8, "%07o", 0U);
    snprintf(block + 116, 8, "%07o", 0U);
    if (part->uid)
        memcpy(block + 108, part->uid, strnlen(part->uid, 8));
    snprintf(block + 124, 12, "%011zo", size);
    if (part->size)
        memcpy(block + 124, part->size, strnlen(part->size, 12));
    snprintf(block + 136, 12, "%s", part->time ? part->time : "00000000000");
    block[156] = part->type ? part->type : '0';
    if (part->link)
        memcpy(block + 157, part->link, strnlen(part->link, 100));
    memcpy(block + 257, "ustar\00000", 8);
    snprintf(block + 329, 8, "%07o", part->major & 07777);
    snprintf(block + 337, 8, "%07o", part->minor & 07777);
    memset(block + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += (unsigned char)block[i];
    snprintf(block + 148, 8, "%06o", sum & 0777777);
    text_add_bytes(tar, block, TAR_BLOCK);
}

/* A record says its own length, the digits of it included. */
static inline void tar_add_record(struct text *records, const char *record)
{
    size_t length = strlen(record) + 3;
    size_t total = length;

    while (total != length + (size_t)snprintf(NULL, 0, "%zu", total) - 1)
        total = length + (size_t)snprintf(NULL, 0, "%zu", total) - 1;
    text_add_format(records, "%zu ", total);
    text_add(records, record);
    text_add_char(records, '\n');
}

static inline void tar_add(struct text *tar, const struct tar_part *part)
{
    size_t size = part->content ? strlen(part->content) : 0;

    if (part->pax[0]) {
        const struct tar_part extended = { .path = "pax", .type = 'x' };
        AUTO_TEXT struct text records = { 0 };

        for (size_t i = 0; part->pax[i]; i++)
            tar_add_record(&records, part->pax[i]);
        tar_add_block(tar, &extended, records.length);
        text_add_bytes(tar, text_get(&records), records.length);
        tar_add_padding(tar);
    }
    tar_add_block(tar, part, size);
    text_add_bytes(tar, part->content ? part->content : "", size);
    tar_add_padding(tar);
}

static inline void tar_end(struct text *tar)
{
    static const char zeros[2 * TAR_BLOCK];

    text_add_bytes(tar, zeros, sizeof(zeros));
}
