/* SPDX-License-Identifier: MIT */

/*
 * Archives of images, honest and lying ones, loaded into a store in a temporary folder. Layers
 * are unpacked with their owners, which needs root: without it the tests are skipped.
 */

#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive_bed.h"
#include "image/image_load.h"
#include "image/store.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

static char folder[64];
static struct store *store;

static int set_up(void **state)
{
    struct error err = { 0 };
    AUTO_FREE char *root = NULL;

    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/carte-load.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    root = alloc_format("%s/images", folder);
    store = store_open(root, &err);
    return store ? 0 : -1;
}

static int tear_down(void **state)
{
    struct error err = { 0 };

    (void)state;
    store_close(store);
    return file_remove_tree(AT_FDCWD, folder, &err);
}

static int load(int fd, const char *platform, struct image_load *out, struct error *err)
{
    const struct image_progress silent = { 0 };
    int result = 0;

    if (geteuid() != 0)
        skip();
    result = image_load(store, fd, platform, &silent, out, err);
    close(fd);
    return result;
}

static size_t count_images(void)
{
    struct image **images = NULL;
    struct error err = { 0 };
    size_t count = 0;

    assert_int_equal(store_list_images(store, &images, &count, &err), 0);
    for (size_t i = 0; i < count; i++)
        image_free(images[i]);
    free(images);
    return count;
}

static void assert_fails(struct making *making, const char *why)
{
    AUTO_IMAGE_LOAD struct image_load out = { 0 };
    struct error err = { 0 };

    assert_int_equal(load(end(making), NULL, &out, &err), -1);
    if (!strstr(err.text, why))
        fail_msg("'%s' instead of '%s'", err.text, why);
    assert_int_equal(out.count, 0);
}

static void assert_refused(struct making *making, const char *why)
{
    assert_fails(making, why);
    assert_int_equal(count_images(), 0);
}

#define DOCKER_LIST \
    "[{\"Config\":\"config.json\",\"RepoTags\":[\"a:1\"],\"Layers\":[\"one/layer.tar\"]}]"

/* Config and manifest.json of an image whose one layer is one/layer.tar. */
static void add_docker_image(struct making *making, const char *diff_id)
{
    AUTO_FREE char *config = config_of(diff_id);

    add_file(making, "manifest.json", DOCKER_LIST);
    add_file(making, "config.json", config);
}

/* An archive of that image: the layer that is in it may be another than its config says. */
static void begin_docker_image(struct making *making, const struct layer *listed,
                               const struct layer *there)
{
    begin(making);
    add_docker_image(making, listed->diff_id);
    add_layer(making, "one/layer.tar", there);
}

static void assert_loaded(struct making *making, const char *platform, struct image_load *out)
{
    struct error err = { 0 };

    if (load(end(making), platform, out, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(err.text, "");
    assert_int_equal(out->count, 1);
}

static void a_docker_archive_keeps_its_id_and_names(void **state)
{
    AUTO_IMAGE_LOAD struct image_load out = { 0 };
    AUTO_FREE char *config = NULL;
    AUTO_FREE char *id = NULL;
    struct making making;
    struct layer layer;

    (void)state;
    make_layer(&layer, "file");
    config = config_of(layer.diff_id);
    id = digest_of(config);
    begin_docker_image(&making, &layer, &layer);
    assert_loaded(&making, NULL, &out);
    assert_string_equal(out.images[0].id, id);
    assert_string_equal(out.images[0].names.items[0], "a:1");
    text_done(&layer.tar);
}

static void links_within_an_archive_are_followed(void **state)
{
    AUTO_IMAGE_LOAD struct image_load out = { 0 };
    struct making making;
    struct layer layer;

    (void)state;
    make_layer(&layer, "file");
    begin(&making);
    add_link(&making, "one/layer.tar", "../two/layer.tar");
    add(&making, "two/layer.tar", S_IFREG | 0644, "three/layer.tar", NULL, 0);
    add_layer(&making, "three/layer.tar", &layer);
    add_layer(&making, "./three//layer.tar", &layer); /* the same again */
    add_docker_image(&making, layer.diff_id);
    assert_loaded(&making, NULL, &out);
    text_done(&layer.tar);
}

static void what_would_lead_out_is_refused(void **state)
{
    static const struct {
        const char *path, *link, *why;
    } examples[] = {
        { "/etc/passwd", NULL, "absolute" },
        { "a/../../b", NULL, "leads out" },
        { "one/layer.tar", "/etc/passwd", "leads out" },
        { "one/layer.tar", "../../etc/passwd", "leads out" },
        { "one/layer.tar", "x/../../y", "leads out" },
        { "one/layer.tar", "layer.tar", "too many links" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
        struct making making;

        begin(&making);
        if (examples[i].link)
            add_link(&making, examples[i].path, examples[i].link);
        else
            add_file(&making, examples[i].path, "x");
        add_docker_image(&making, "sha256:0000000000000000000000000000000000000000000000000000"
                                  "000000000000");
        assert_refused(&making, examples[i].why);
    }
}

static void what_is_no_file_or_says_two_things_is_refused(void **state)
{
    struct making making;

    (void)state;
    begin(&making);
    add(&making, "device", S_IFCHR | 0600, NULL, NULL, 0);
    assert_refused(&making, "no file, folder or link");
    begin(&making);
    add_file(&making, "manifest.json", "[]");
    add_file(&making, "./manifest.json", "[ ]");
    assert_refused(&making, "twice");
    begin(&making);
    add_file(&making, "other", "[]");
    assert_refused(&making, "neither index.json nor manifest.json");
}

static void wrong_digests_are_refused(void **state)
{
    static const char list[] = "[{\"Config\":\"%s.json\",\"Layers\":[\"one/layer.tar\"]}]";
    AUTO_FREE char *text = NULL;
    struct making making;
    struct layer layer, other;

    (void)state;
    make_layer(&layer, "file");
    make_layer(&other, "else");
    begin_docker_image(&making, &other, &layer);
    assert_refused(&making, "instead of");
    begin(&making);
    text = alloc_format(list, layer.diff_id + strlen("sha256:"));
    add_file(&making, "manifest.json", text);
    free(text);
    text = alloc_format("%s.json", layer.diff_id + strlen("sha256:"));
    add_file(&making, text, "{}");
    assert_refused(&making, "has digest");
    text_done(&layer.tar);
    text_done(&other.tar);
}

static void a_layer_that_is_there_already_is_checked_all_the_same(void **state)
{
    AUTO_IMAGE_LOAD struct image_load first = { 0 };
    AUTO_TEXT struct text packed = { 0 };
    struct making making;
    struct layer layer, other;

    (void)state;
    make_layer(&layer, "file");
    make_layer(&other, "else");
    begin_docker_image(&making, &layer, &layer);
    assert_loaded(&making, NULL, &first);
    /* Another file under the known name, plain and compressed. */
    begin_docker_image(&making, &layer, &other);
    assert_fails(&making, "instead of");
    compress(&other.tar, &packed);
    begin(&making);
    add_docker_image(&making, layer.diff_id);
    add(&making, "one/layer.tar", S_IFREG | 0644, NULL, text_get(&packed), packed.length);
    assert_fails(&making, "instead of");
    text_done(&layer.tar);
    text_done(&other.tar);
}

static void layers_that_lead_out_keep_their_image_out(void **state)
{
    static const char *const paths[] = { "../out", "/out", "a/../../out" };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        struct making making;
        struct layer layer;

        make_layer(&layer, paths[i]);
        begin_docker_image(&making, &layer, &layer);
        assert_refused(&making, "in the archive");
        text_done(&layer.tar);
    }
}

static void what_the_lists_name_must_be_there(void **state)
{
    struct making making;
    struct layer layer;

    (void)state;
    make_layer(&layer, "file");
    begin(&making);
    add_docker_image(&making, layer.diff_id);
    assert_refused(&making, "the archive has no 'one/layer.tar'");
    begin(&making);
    add_file(&making, "manifest.json", DOCKER_LIST);
    assert_refused(&making, "the archive has no 'config.json'");
    begin(&making);
    add_file(&making, "manifest.json",
             "[{\"Config\":\"config.json\",\"Layers\":[\"one/layer.tar\",\"two\"]}]");
    add_file(&making, "config.json", "{\"rootfs\":{\"diff_ids\":[]}}");
    assert_refused(&making, "0 diff_ids for 2 layers");
    text_done(&layer.tar);
}

/*
 * The blobs of a layout of one image. Returns the index in which each # is the digest of its
 * manifest, which the caller frees.
 */
static char *add_blobs(struct making *making, const struct layer *layer, const char *index_format)
{
    AUTO_FREE char *config = config_of(layer->diff_id);
    AUTO_FREE char *id = digest_of(config);
    AUTO_FREE char *manifest =
        alloc_format("{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\",\"size\":%zu},\"layers\":["
                     "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\","
                     "\"size\":%zu}]}",
                     id, strlen(config), layer->diff_id, layer->tar.length);
    AUTO_FREE char *digest = digest_of(manifest);
    AUTO_FREE char *config_path = alloc_format("blobs/sha256/%s", id + strlen("sha256:"));
    AUTO_FREE char *manifest_path = alloc_format("blobs/sha256/%s", digest + strlen("sha256:"));
    AUTO_FREE char *layer_path =
        alloc_format("blobs/sha256/%s", layer->diff_id + strlen("sha256:"));
    AUTO_TEXT struct text index = { 0 };

    for (const char *p = index_format; *p; p++)
        *p == '#' ? text_add(&index, digest) : text_add_char(&index, *p);
    add_layer(making, layer_path, layer);
    add_file(making, manifest_path, manifest);
    add_file(making, config_path, config);
    return text_steal(&index);
}

static void add_layout(struct making *making, const struct layer *layer, const char *index_format)
{
    AUTO_FREE char *index = add_blobs(making, layer, index_format);

    add_file(making, "index.json", index);
}

#define NAMED(name) \
    "\"size\":1,\"annotations\":{\"org.opencontainers.image.ref.name\":\"" name "\"}"

static void a_layout_has_several_names_for_an_image(void **state)
{
    AUTO_IMAGE_LOAD struct image_load out = { 0 };
    struct making making;
    struct layer layer;

    (void)state;
    make_layer(&layer, "file");
    begin(&making);
    add_layout(&making, &layer,
               "{\"manifests\":[{\"digest\":\"#\"," NAMED("a:1") "},{\"digest\":\"#\"," NAMED(
                   "B:2") "},{\"digest\":\"#\"," NAMED("docker.io/library/c") "}]}");
    assert_loaded(&making, NULL, &out);
    assert_int_equal(out.images[0].names.count, 2);
    assert_string_equal(out.images[0].names.items[0], "a:1");
    assert_string_equal(out.images[0].names.items[1], "c:latest");
    assert_int_equal(out.notes.count, 1);
    assert_non_null(strstr(out.notes.items[0], "B:2"));
    text_done(&layer.tar);
}

static void images_for_other_platforms_are_left_out(void **state)
{
    static const char index[] = "{\"manifests\":[{\"digest\":\"#\",\"size\":1,\"platform\":"
                                "{\"os\":\"linux\",\"architecture\":\"mips\"}}]}";
    AUTO_IMAGE_LOAD struct image_load none = { 0 };
    AUTO_IMAGE_LOAD struct image_load one = { 0 };
    struct error err = { 0 };
    struct making making;
    struct layer layer;

    (void)state;
    make_layer(&layer, "file");
    begin(&making);
    add_layout(&making, &layer, index);
    assert_int_equal(load(end(&making), NULL, &none, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_non_null(strstr(none.notes.items[0], "linux/mips"));
    error_clear(&err);
    begin(&making);
    add_layout(&making, &layer, index);
    assert_loaded(&making, "linux/mips", &one);
    text_done(&layer.tar);
}

static void of_an_index_in_the_index_the_platform_is_taken(void **state)
{
    static const char type[] = "application/vnd.oci.image.index.v1+json";
    AUTO_IMAGE_LOAD struct image_load out = { 0 };
    AUTO_FREE char *platforms = NULL;
    AUTO_FREE char *digest = NULL;
    AUTO_FREE char *path = NULL;
    AUTO_FREE char *names = NULL;
    struct making making;
    struct layer layer;

    (void)state;
    make_layer(&layer, "file");
    begin(&making);
    platforms = add_blobs(
        &making, &layer,
        "{\"manifests\":[{\"size\":1,\"digest\":\"sha256:0000000000000000000000000000000000000000"
        "000000000000000000000000\",\"platform\":{\"os\":\"linux\",\"architecture\":\"mips\"}},"
        "{\"size\":1,\"digest\":\"#\",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}}"
        "]}");
    digest = digest_of(platforms);
    path = alloc_format("blobs/sha256/%s", digest + strlen("sha256:"));
    names =
        alloc_format("{\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\"," NAMED("a:1") "}]}",
                     type, digest);
    add_file(&making, path, platforms);
    add_file(&making, "index.json", names);
    assert_loaded(&making, "linux/s390x", &out);
    assert_string_equal(out.images[0].names.items[0], "a:1");
    text_done(&layer.tar);
}

static void an_index_that_holds_itself_is_refused(void **state)
{
    static const char type[] = "application/vnd.oci.image.index.v1+json";
    AUTO_FREE char *inner = alloc_text("{\"manifests\":[]}");
    struct making making;

    (void)state;
    begin(&making);
    /* No index can have its own digest in it, so it is a chain. */
    for (size_t i = 0; i < 6; i++) {
        AUTO_FREE char *digest = digest_of(inner);
        AUTO_FREE char *path = alloc_format("blobs/sha256/%s", digest + strlen("sha256:"));

        add_file(&making, path, inner);
        free(inner);
        inner = alloc_format(
            "{\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":1}]}", type, digest);
    }
    add_file(&making, "index.json", inner);
    assert_refused(&making, "nested deeper");
}

static void broken_streams_are_refused(void **state)
{
    AUTO_IMAGE_LOAD struct image_load out = { 0 };
    AUTO_TEXT struct text whole = { 0 };
    struct error err = { 0 };
    struct making making;
    struct layer layer;
    int fd = -1;

    (void)state;
    make_layer(&layer, "file");
    begin_docker_image(&making, &layer, &layer);
    fd = end(&making);
    assert_int_equal(file_read_fd(fd, 1 << 20, &whole, &err), 0);
    /* The end of the layer, its padding and the end of the archive are missing. */
    assert_int_equal(ftruncate(fd, (off_t)(whole.length - layer.tar.length)), 0);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(load(fd, NULL, &out, &err), -1);
    assert_non_null(strstr(err.text, "broken archive"));
    assert_int_equal(count_images(), 0);
    text_done(&layer.tar);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_docker_archive_keeps_its_id_and_names),
        TEST(links_within_an_archive_are_followed),
        TEST(what_would_lead_out_is_refused),
        TEST(what_is_no_file_or_says_two_things_is_refused),
        TEST(wrong_digests_are_refused),
        TEST(a_layer_that_is_there_already_is_checked_all_the_same),
        TEST(layers_that_lead_out_keep_their_image_out),
        TEST(what_the_lists_name_must_be_there),
        TEST(a_layout_has_several_names_for_an_image),
        TEST(images_for_other_platforms_are_left_out),
        TEST(of_an_index_in_the_index_the_platform_is_taken),
        TEST(an_index_that_holds_itself_is_refused),
        TEST(broken_streams_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
