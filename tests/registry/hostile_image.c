/* SPDX-License-Identifier: MIT */

/*
 * The image of the registry that misbehaves
 */

#include "hostile_image.h"

#include <stdio.h>
#include <string.h>

#define FILE_BYTES 300000U

static void finish_blob(struct hostile_blob *blob)
{
    char hex[HASH_SHA256_HEX_SIZE];

    hash_sha256_hex_of(text_get(&blob->data), blob->data.length, hex);
    snprintf(blob->digest, sizeof(blob->digest), "sha256:%s", hex);
}

/* A tar archive of one file. */
static void make_layer(struct hostile_blob *blob, const char *name)
{
    char header[512] = { 0 };
    unsigned int sum = 0;

    snprintf(header, 100, "%s", name);
    memcpy(header + 100, "0000644\0000000000\0000000000", 24);
    snprintf(header + 124, 12, "%011o", FILE_BYTES);
    memcpy(header + 136, "00000000000\0        0", 21);
    memcpy(header + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof(header); i++)
        sum += (unsigned char)header[i];
    snprintf(header + 148, 8, "%06o", sum);
    text_add_bytes(&blob->data, header, sizeof(header));
    for (unsigned int i = 0; i < (FILE_BYTES + 511) / 512 * 512; i++)
        text_add_char(&blob->data, i < FILE_BYTES ? (char)('a' + i % 23) : '\0');
    for (int i = 0; i < 1024; i++)
        text_add_char(&blob->data, '\0');
    finish_blob(blob);
}

static void make_config(struct hostile_blob *blob, const char *diff_id)
{
    text_add_format(&blob->data,
                    "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
                    "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
                    diff_id);
    finish_blob(blob);
}

void hostile_image_manifest(const struct hostile_image *image, const struct hostile_says *says,
                            struct text *out)
{
    text_add_format(out,
                    "{\"schemaVersion\":2,\"mediaType\":\"" HOSTILE_MANIFEST_TYPE "\","
                    "\"config\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%lld},"
                    "\"layers\":[{\"mediaType\":\"" HOSTILE_OCI "layer.v1.tar\","
                    "\"digest\":\"%s\",\"size\":%lld}]%s}",
                    says->config_type ? says->config_type : HOSTILE_OCI "config.v1+json",
                    says->config_digest ? says->config_digest : image->config.digest,
                    says->config_bytes ? says->config_bytes : (long long)image->config.data.length,
                    says->layer_digest ? says->layer_digest : image->layer.digest,
                    says->layer_bytes ? says->layer_bytes : (long long)image->layer.data.length,
                    says->more ? says->more : "");
}

void hostile_image_list(const struct hostile_item *item, struct text *out)
{
    text_add_format(out,
                    "{\"schemaVersion\":2,\"mediaType\":\"" HOSTILE_INDEX_TYPE "\","
                    "\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu,"
                    "\"platform\":{\"os\":\"linux\",\"architecture\":\"%s\"}}]}",
                    item->type, item->digest, item->size, item->architecture);
}

void hostile_image_make(struct hostile_image *out)
{
    struct hostile_item item = { HOSTILE_MANIFEST_TYPE, NULL, "amd64", 0 };

    make_layer(&out->layer, "hello");
    make_layer(&out->escape, "../../escape");
    make_config(&out->config, out->layer.digest);
    make_config(&out->odd_config, HOSTILE_NO_DIGEST);
    hostile_image_manifest(out, &(struct hostile_says){ 0 }, &out->manifest.data);
    finish_blob(&out->manifest);
    item.digest = out->manifest.digest;
    item.size = out->manifest.data.length;
    for (size_t i = 0; i < HOSTILE_DEEP; i++) {
        struct hostile_blob *list = &out->lists[i];

        hostile_image_list(&item, &list->data);
        finish_blob(list);
        item =
            (struct hostile_item){ HOSTILE_INDEX_TYPE, list->digest, "amd64", list->data.length };
    }
}
