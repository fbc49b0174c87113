/* SPDX-License-Identifier: MIT */

/*
 * What is known of an image
 */

#include "image/describe.h"

#include <stdlib.h>
#include <string.h>

#include "image/blob.h"
#include "image/image_size.h"
#include "image/manifest.h"
#include "image/store.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"
#include "util/text.h"

/* What stands in the Config of every image, before what its configuration says. */
static const char config_defaults[] =
    "{\"Hostname\":\"\",\"Domainname\":\"\",\"User\":\"\",\"AttachStdin\":false,"
    "\"AttachStdout\":false,\"AttachStderr\":false,\"ExposedPorts\":null,\"Tty\":false,"
    "\"OpenStdin\":false,\"StdinOnce\":false,\"Env\":null,\"Cmd\":null,\"Healthcheck\":null,"
    "\"Image\":\"\",\"Volumes\":null,\"WorkingDir\":\"\",\"Entrypoint\":null,\"OnBuild\":null,"
    "\"Labels\":null,\"StopSignal\":\"\",\"Shell\":null}";

void describe_split_name(const char *name, char **repository_out, char **tag_out)
{
    size_t length = strcspn(name, "@");
    const char *slash = memrchr(name, '/', length);
    const char *start = slash ? slash : name;
    const char *colon = memchr(start, ':', length - (size_t)(start - name));

    *repository_out = alloc_text_part(name, colon ? (size_t)(colon - name) : length);
    *tag_out = colon ? alloc_text_part(colon + 1, length - (size_t)(colon + 1 - name)) : NULL;
}

static int read_json(struct store *store, const char *digest, struct json **out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    if (blob_read(store_get_folder(store), digest, MANIFEST_SIZE_MAX, &text, err) < 0)
        return -1;
    *out = json_parse(text_get(&text), text.length, err);
    return *out ? 0 : error_wrap(err, "blob %s", digest);
}

static struct json *new_config(const struct json *given)
{
    struct error err = { 0 };
    struct json *config = json_parse(config_defaults, strlen(config_defaults), &err);

    for (const struct json *c = json_first(given); c; c = json_next(c)) {
        if (json_key(c))
            json_set(config, json_key(c), json_copy(c));
    }
    return config;
}

static void add_names(struct json *object, const struct image *image)
{
    struct json *tags = json_new_array();
    struct json *digests = json_new_array();
    AUTO_STRINGS struct strings seen = { 0 };

    for (size_t i = 0; i < image->names.count; i++) {
        AUTO_FREE char *repository = NULL;
        AUTO_FREE char *tag = NULL;
        AUTO_FREE char *pinned = NULL;

        describe_split_name(image->names.items[i], &repository, &tag);
        if (!strchr(image->names.items[i], '@'))
            json_append_text(tags, image->names.items[i]);
        pinned = alloc_format("%s@%s", repository, image->digest);
        if (!strings_has(&seen, pinned))
            json_append_text(digests, pinned);
        strings_add(&seen, pinned);
    }
    json_set(object, "RepoTags", tags);
    json_set(object, "RepoDigests", digests);
}

static struct json *new_root(const struct image *image)
{
    struct json *root = json_new_object();
    struct json *layers = json_new_array();

    json_set_text(root, "Type", "layers");
    for (size_t i = 0; i < image->diff_ids.count; i++)
        json_append_text(layers, image->diff_ids.items[i]);
    json_set(root, "Layers", layers);
    return root;
}

/* Folders that can be mounted with overlayfs, as docker tells of its driver overlay2. */
static struct json *new_driver(const struct image *image)
{
    struct json *driver = json_new_object();
    struct json *data = json_new_object();
    AUTO_TEXT struct text lower = { 0 };

    for (size_t i = 1; i < image->layers.count; i++)
        text_add_format(&lower, "%s%s", i > 1 ? ":" : "", image->layers.items[i]);
    if (lower.length > 0)
        json_set_text(data, "LowerDir", text_get(&lower));
    if (image->layers.count > 0)
        json_set_text(data, "UpperDir", image->layers.items[0]);
    json_set(driver, "Data", data);
    json_set_text(driver, "Name", "overlay2");
    return driver;
}

static const char *find_comment(const struct json *config)
{
    const struct json *last = NULL;

    for (const struct json *h = json_first(json_find(config, "history")); h; h = json_next(h))
        last = h;
    return json_find_text(last, "comment", "");
}

static int add_record(struct store *store, const struct image *image, struct json *object,
                      struct error *err)
{
    AUTO_FREE char *record = NULL;
    struct json *parsed = NULL;

    if (store_find_record(store, image->id, &record, err) < 0)
        return -1;
    if (!record)
        return 0;
    parsed = json_parse(record, strlen(record), err);
    if (!parsed)
        return error_wrap(err, "metadata record of %s", image->id);
    json_set(object, "Record", parsed);
    return 0;
}

int describe_image(struct store *store, const struct image *image, struct json **out,
                   struct error *err)
{
    AUTO(json) struct json *object = json_new_object();
    AUTO(json) struct json *config = NULL;
    AUTO_IMAGE_SIZE struct image_size size = { 0 };
    struct json *metadata = json_new_object();

    json_set_text(metadata, "LastTagTime", image->created);
    json_set_text(object, "Id", image->id);
    json_set_text(object, "Digest", image->digest);
    add_names(object, image);
    json_set(object, "Metadata", metadata);
    if (read_json(store, image->id, &config, err) < 0 ||
        image_size_measure(store, image, &size, err) < 0)
        return -1;
    json_set_text(object, "Parent", "");
    json_set_text(object, "Comment", find_comment(config));
    json_set_text(object, "Created", json_find_text(config, "created", ""));
    json_set_text(object, "DockerVersion", "");
    json_set_text(object, "Author", json_find_text(config, "author", ""));
    json_set(object, "Config", new_config(json_find(config, "config")));
    json_set_text(object, "Architecture", json_find_text(config, "architecture", ""));
    if (json_find(config, "variant"))
        json_set_text(object, "Variant", json_find_text(config, "variant", ""));
    json_set_text(object, "Os", json_find_text(config, "os", ""));
    json_set_int(object, "Size", (int64_t)size.total_bytes);
    json_set_int(object, "VirtualSize", (int64_t)size.total_bytes);
    json_set_int(object, "CompressedSize", (int64_t)image->size_bytes);
    json_set(object, "GraphDriver", new_driver(image));
    json_set(object, "RootFS", new_root(image));
    if (add_record(store, image, object, err) < 0)
        return -1;
    *out = STEAL_PTR(object);
    return 0;
}

static struct json *new_step(const struct json *entry, uint64_t size)
{
    struct json *step = json_new_object();

    json_set_text(step, "Id", "<missing>");
    json_set_text(step, "Created", json_find_text(entry, "created", ""));
    json_set_text(step, "CreatedBy", json_find_text(entry, "created_by", ""));
    json_set(step, "Tags", json_new_array());
    json_set_int(step, "Size", (int64_t)size);
    json_set_text(step, "Comment", json_find_text(entry, "comment", ""));
    return step;
}

static void reverse_into(struct json **steps, size_t count, struct json *out)
{
    for (size_t i = count; i > 0; i--)
        json_append(out, steps[i - 1]);
}

/* A history that says less than there are layers is followed by the layers of which it does not. */
int describe_history(struct store *store, const struct image *image, struct json **out,
                     struct error *err)
{
    AUTO(json) struct json *config = NULL;
    AUTO_IMAGE_SIZE struct image_size size = { 0 };
    AUTO_FREE struct json **steps = NULL;
    size_t count = 0, layer = 0;

    if (read_json(store, image->id, &config, err) < 0 ||
        image_size_measure(store, image, &size, err) < 0)
        return -1;
    for (const struct json *h = json_first(json_find(config, "history")); h; h = json_next(h)) {
        bool is_empty = json_find_bool(h, "empty_layer", false) || layer >= size.count;

        *ALLOC_APPEND(steps, count) = new_step(h, is_empty ? 0 : size.layers[layer].size_bytes);
        layer += !is_empty;
    }
    for (; layer < size.count; layer++)
        *ALLOC_APPEND(steps, count) = new_step(NULL, size.layers[layer].size_bytes);
    if (count > 0) {
        struct json *tags = json_new_array();

        json_set_text(steps[count - 1], "Id", image->id);
        for (size_t i = 0; i < image->names.count; i++)
            json_append_text(tags, image->names.items[i]);
        json_set(steps[count - 1], "Tags", tags);
    }
    *out = json_new_array();
    reverse_into(steps, count, *out);
    return 0;
}
