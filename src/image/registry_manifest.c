/* SPDX-License-Identifier: MIT */

/*
 * The manifest of an image at a registry
 */

#include "image/registry_manifest.h"

#include <stdlib.h>
#include <string.h>

#include "image/blob.h"
#include "image/reference.h"
#include "image/registry.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/json.h"

#define DOCKER_CONFIG_TYPE "application/vnd.docker.container.image.v1+json"
#define ACCEPT                                                    \
    "Accept: application/vnd.oci.image.index.v1+json, "           \
    "application/vnd.oci.image.manifest.v1+json, "                \
    "application/vnd.docker.distribution.manifest.list.v2+json, " \
    "application/vnd.docker.distribution.manifest.v2+json"
/* Lists in lists are allowed, and rare. */
#define DEPTH_MAX 3

void registry_manifest_done(struct registry_manifest *manifest)
{
    text_done(&manifest->json);
    free(manifest->digest);
    manifest_free(manifest->manifest);
    *manifest = (struct registry_manifest){ 0 };
}

char *registry_manifest_scope(const char *repository, const char *actions)
{
    return alloc_format("repository:%s:%s", repository, actions);
}

/* What is asked for, and what is known of it before it comes. */
struct wanted {
    const char *name;    /* tag or digest */
    const char *digest;  /* NULL: any */
    uint64_t size_bytes; /* 0: any */
};

struct document {
    struct text json;
    char *type, *digest;
};

static void document_done(struct document *document)
{
    text_done(&document->json);
    free(document->type);
    free(document->digest);
}

/* The document must be the one that was asked for, and the one that the registry speaks of. */
static int check_document(const struct wanted *wanted, const struct http_answer *answer,
                          char **digest_out, struct error *err)
{
    const struct text *body = &answer->body;
    const char *said = http_find_header(answer, "docker-content-digest");
    char hex[HASH_SHA256_HEX_SIZE];
    AUTO_FREE char *digest = NULL;

    hash_sha256_hex_of(text_get(body), body->length, hex);
    digest = alloc_format("sha256:%s", hex);
    if (strlen(text_get(body)) != body->length)
        return error_set(err, ERROR_INVALID, "manifest: a NUL in it");
    if (wanted->digest && strcmp(digest, wanted->digest) != 0)
        return error_set(err, ERROR_INVALID, "manifest: asked for %s, what came has %s",
                         wanted->digest, digest);
    if (said && blob_find_hex(said) && strcmp(digest, said) != 0)
        return error_set(err, ERROR_INVALID, "manifest: announced as %s, what came has %s", said,
                         digest);
    if (wanted->size_bytes > 0 && wanted->size_bytes != body->length)
        return error_set(err, ERROR_INVALID, "manifest: %zu bytes in place of %llu", body->length,
                         (unsigned long long)wanted->size_bytes);
    *digest_out = STEAL_PTR(digest);
    return 0;
}

static int fetch_document(struct registry *registry, struct http *http, const char *repository,
                          const struct wanted *wanted, struct document *out, struct error *err)
{
    AUTO_HTTP_ANSWER struct http_answer answer = { 0 };
    AUTO_FREE char *url = alloc_format("/v2/%s/manifests/%s", repository, wanted->name);
    AUTO_FREE char *scope = registry_manifest_scope(repository, "pull");
    AUTO_STRINGS struct strings headers = { 0 };
    const struct registry_request request = {
        .method = "GET",
        .url = url,
        .scope = scope,
        .headers = &headers,
        .limit_bytes = MANIFEST_SIZE_MAX,
    };
    const char *type = NULL;

    strings_add(&headers, ACCEPT);
    if (registry_perform(registry, http, &request, &answer, err) < 0)
        return -1;
    if (answer.status != 200)
        return registry_refuse(registry, &request, &answer, err);
    if (check_document(wanted, &answer, &out->digest, err) < 0)
        return -1;
    type = http_find_header(&answer, "content-type");
    out->type = type ? alloc_text_part(type, strcspn(type, "; \t")) : alloc_text("");
    out->json = answer.body;
    answer.body = (struct text){ 0 };
    return 0;
}

static bool is_known_type(const char *type)
{
    return image_index_is_type(type) || manifest_is_type(type);
}

/* What the document says of itself counts; what the registry says must not contradict it. */
static int find_kind(const struct document *document, const struct json *root, bool *is_list_out,
                     struct error *err)
{
    const char *own = json_find_text(root, "mediaType", "");
    bool has_items = json_find(root, "manifests") != NULL;

    if (json_find_int(root, "schemaVersion", 2) != 2)
        return error_set(err, ERROR_UNSUPPORTED,
                         "manifest: of the first version, which is gone since 2019: push the image "
                         "again with a newer program");
    if (has_items && json_find(root, "layers"))
        return error_set(err, ERROR_INVALID, "manifest: both a list and an image");
    if (is_known_type(document->type) &&
        (own[0] ? strcmp(own, document->type) != 0
                : image_index_is_type(document->type) != has_items))
        return error_set(err, ERROR_INVALID, "manifest: announced as '%s', but it is '%s'",
                         document->type, own[0] ? own : "something else");
    *is_list_out = has_items;
    return 0;
}

static int refuse_platform(const struct image_index *index,
                           const struct image_index_platform *platform, struct error *err)
{
    AUTO_TEXT struct text others = { 0 };

    for (size_t i = 0; i < index->count && i < 20; i++) {
        const struct image_index_item *item = &index->items[i];

        text_add_format(&others, "%s%s/%s%s%s", i > 0 ? ", " : "", item->os ? item->os : "?",
                        item->architecture ? item->architecture : "?", item->variant ? "/" : "",
                        item->variant ? item->variant : "");
    }
    return error_set(err, ERROR_NOT_FOUND, "there is no image for %s/%s%s%s; there are: %s",
                     platform->os, platform->architecture, platform->variant[0] ? "/" : "",
                     platform->variant, others.length > 0 ? text_get(&others) : "none");
}

static int read_manifest(const struct document *document, const struct json *root,
                         struct registry_manifest *out, struct error *err)
{
    const struct json *config = json_find(root, "config");
    const char *type = json_find_text(config, "mediaType", MANIFEST_CONFIG_TYPE);
    int64_t size = json_find_int(config, "size", -1);

    if (strcmp(type, MANIFEST_CONFIG_TYPE) != 0 && strcmp(type, DOCKER_CONFIG_TYPE) != 0)
        return error_set(err, ERROR_UNSUPPORTED,
                         "this is no image but something else with a configuration of type '%s'",
                         type);
    if (size < 0 || size > MANIFEST_SIZE_MAX)
        return error_set(err, ERROR_INVALID,
                         "manifest: a configuration of %lld bytes; at most %u are allowed",
                         (long long)size, MANIFEST_SIZE_MAX);
    if (manifest_parse(&document->json, &out->manifest, err) < 0)
        return -1;
    out->config_bytes = (uint64_t)size;
    return 0;
}

/* Take what `document` is; of a list, *next_out says what to fetch, and is kept in *index_out. */
static int take_document(struct document *document, const struct image_index_platform *platform,
                         struct image_index **index_out, struct wanted *next_out,
                         struct registry_manifest *out, struct error *err)
{
    AUTO(json)
    struct json *root = json_parse(text_get(&document->json), document->json.length, err);
    const struct image_index_item *item = NULL;
    bool is_list = false;

    if (!root)
        return error_wrap(err, "manifest");
    if (find_kind(document, root, &is_list, err) < 0)
        return -1;
    if (!out->digest)
        out->digest = alloc_text(document->digest);
    if (!is_list) {
        if (read_manifest(document, root, out, err) < 0)
            return -1;
        out->json = document->json;
        document->json = (struct text){ 0 };
        return 0;
    }
    image_index_free(*index_out);
    *index_out = NULL;
    if (image_index_parse(&document->json, index_out, err) < 0)
        return -1;
    item = image_index_find(*index_out, platform);
    if (!item)
        return refuse_platform(*index_out, platform, err);
    *next_out = (struct wanted){ item->digest, item->digest, item->size_bytes };
    return 0;
}

int registry_manifest_fetch(struct registry *registry, struct http *http,
                            const struct reference *reference,
                            const struct image_index_platform *platform,
                            struct registry_manifest *out, struct error *err)
{
    AUTO_REGISTRY_MANIFEST struct registry_manifest found = { 0 };
    AUTO(image_index) struct image_index *index = NULL;
    struct wanted wanted = { .name = reference->digest ? reference->digest : reference->tag,
                             .digest = reference->digest };

    for (int depth = 0; depth < DEPTH_MAX; depth++) {
        __attribute__((cleanup(document_done))) struct document document = { 0 };

        if (fetch_document(registry, http, reference->repository, &wanted, &document, err) < 0 ||
            take_document(&document, platform, &index, &wanted, &found, err) < 0)
            return -1;
        if (!found.manifest)
            continue;
        *out = found;
        found = (struct registry_manifest){ 0 };
        return 0;
    }
    return error_set(err, ERROR_INVALID, "manifest: lists in lists, more than %d deep", DEPTH_MAX);
}
