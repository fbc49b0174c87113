/* SPDX-License-Identifier: MIT */

/*
 * Builds into a store in a temporary folder. Owners and whiteouts need root: without it the
 * tests are skipped.
 */

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/build.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

struct place {
    char folder[64];
    struct store *store;
};

static size_t uncached;

static void count_uncached(void *context, size_t step, size_t step_count, const char *instruction,
                           bool cached)
{
    (void)context;
    (void)step;
    (void)step_count;
    (void)instruction;
    uncached += !cached;
}

static int set_up(void **state)
{
    struct place *place = alloc_new(struct place);
    struct error err = { 0 };
    AUTO_FREE char *root = NULL;

    snprintf(place->folder, sizeof(place->folder), "/tmp/carte-build.XXXXXX");
    if (!mkdtemp(place->folder))
        return -1;
    root = alloc_format("%s/images", place->folder);
    place->store = store_open(root, &err);
    *state = place;
    return place->store ? 0 : -1;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    struct error err = { 0 };
    int result = 0;

    store_close(place->store);
    result = file_remove_tree(AT_FDCWD, place->folder, &err);
    free(place);
    return result;
}

static void write_file(const struct place *place, const char *path, const char *content)
{
    AUTO_FREE char *full = alloc_format("%s/%s", place->folder, path);
    AUTO_FREE char *folder = alloc_text_part(full, (size_t)(strrchr(full, '/') - full));
    struct error err = { 0 };

    assert_int_equal(file_make_folders(folder, 0755, &err), 0);
    assert_int_equal(
        file_replace(AT_FDCWD, full, content, strlen(content), FILE_VOLATILE(0644), &err), 0);
}

static int build(const struct place *place, const char *context, const char *cartefile,
                 const char *name, struct image **out, struct error *err)
{
    AUTO_FREE char *folder = alloc_format("%s/%s", place->folder, context);
    struct build_request request = {
        .context_folder = folder,
        .cartefile_text = cartefile,
        .output_fd = -1,
        .progress = count_uncached,
    };
    int result = 0;

    strings_add(&request.names, name);
    uncached = 0;
    result = build_image(place->store, &request, out, err);
    strings_done(&request.names);
    return result;
}

static struct image *must_build(const struct place *place, const char *context,
                                const char *cartefile, const char *name)
{
    struct error err = { 0 };
    struct image *image = NULL;

    if (geteuid() != 0)
        skip();
    if (build(place, context, cartefile, name, &image, &err) < 0)
        print_message("%s\n", err.text);
    assert_int_equal(err.code, ERROR_NONE);
    assert_non_null(image);
    return image;
}

/* The content of a file in the image's layers; fails when there is none. */
static char *content_of(const struct image *image, const char *path)
{
    for (size_t i = 0; i < image->layers.count; i++) {
        AUTO_FREE char *full = alloc_format("%s/%s", image->layers.items[i], path);
        AUTO_TEXT struct text text = { 0 };
        struct error err = { 0 };

        if (file_exists(AT_FDCWD, full)) {
            assert_int_equal(file_read(AT_FDCWD, full, 4096, &text, &err), 0);
            return text_steal(&text);
        }
    }
    fail_msg("'%s' is not in the image", path);
    return NULL;
}

static void assert_content(const struct image *image, const char *path, const char *content)
{
    AUTO_FREE char *found = content_of(image, path);

    assert_string_equal(found, content);
}

/* Append a byte to every blob: no digest is right any more. */
static void damage_blobs(const struct place *place)
{
    AUTO_FREE char *folder = alloc_format("%s/images/blobs/sha256", place->folder);
    DIR *stream = opendir(folder);

    assert_non_null(stream);
    for (const struct dirent *e = readdir(stream); e; e = readdir(stream)) {
        AUTO_CLOSE int fd = openat(dirfd(stream), e->d_name, O_WRONLY | O_APPEND | O_CLOEXEC);

        if (fd >= 0 && e->d_name[0] != '.')
            assert_int_equal(write(fd, "x", 1), 1);
    }
    closedir(stream);
}

static void an_image_has_its_files_and_its_configuration(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *image = NULL;
    AUTO(image) struct image *found = NULL;
    struct error err = { 0 };

    write_file(place, "context/hello", "hello\n");
    image = must_build(place, "context",
                       "FROM scratch\nARG WHO=world\nENV GREETING=\"hello $WHO\" OTHER=1\n"
                       "COPY hello /bin/\nWORKDIR /srv\nEXPOSE 80\nLABEL a=b\nVOLUME /data\n"
                       "STOPSIGNAL SIGINT\nHEALTHCHECK --interval=5s CMD [\"/bin/hello\"]\n"
                       "ENTRYPOINT [\"/bin/hello\"]\nCMD [\"x\"]\n",
                       "hello");
    assert_content(image, "bin/hello", "hello\n");
    assert_string_equal(image->config.env.items[1], "GREETING=hello world");
    assert_string_equal(image->config.working_dir, "/srv");
    assert_string_equal(image->config.exposed.items[0], "80/tcp");
    assert_string_equal(image->config.entrypoint.items[0], "/bin/hello");
    assert_string_equal(image->config.cmd.items[0], "x");
    assert_string_equal(image->config.stop_signal, "SIGINT");
    assert_int_equal(image->config.health_interval_ms, 5000);
    assert_string_equal(image->names.items[0], "hello:latest");
    assert_int_equal(store_find_image(place->store, "hello", &found, &err), 0);
    assert_string_equal(found->id, image->id);
    image_free(STEAL_PTR(found));
    assert_int_equal(store_find_image(place->store, image->id, &found, &err), 0);
    assert_string_equal(found->id, image->id);
}

static void a_second_build_does_nothing(void **state)
{
    const struct place *place = *state;
    static const char text[] = "FROM scratch\nCOPY . /files/\nWORKDIR /x/y\nCMD [\"a\"]\n";
    AUTO(image) struct image *first = NULL;
    AUTO(image) struct image *second = NULL;

    write_file(place, "context/one", "1");
    first = must_build(place, "context", text, "twice");
    assert_true(uncached > 0);
    second = must_build(place, "context", text, "twice");
    assert_int_equal(uncached, 0);
    assert_string_equal(first->id, second->id);
}

static void two_folders_with_the_same_content_give_one_digest(void **state)
{
    const struct place *place = *state;
    static const char text[] = "FROM scratch\nCOPY . /\nCOPY sub /sub2\n";
    AUTO(image) struct image *first = NULL;
    AUTO(image) struct image *second = NULL;
    AUTO_FREE char *other = alloc_format("%s/other/sub/b", place->folder);
    const struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

    write_file(place, "context/sub/b", "b");
    write_file(place, "context/a", "a");
    write_file(place, "other/a", "a");
    write_file(place, "other/sub/b", "b");
    assert_int_equal(utimensat(AT_FDCWD, other, times, 0), 0);
    first = must_build(place, "context", text, "one");
    second = must_build(place, "other", text, "two");
    assert_string_equal(first->digest, second->digest);
    assert_int_equal(uncached, 0);
}

static void stages_owners_modes_and_ignored_files_are_respected(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *path = NULL;
    struct stat status;

    write_file(place, "context/passwd", "root:x:0:0::/:/bin/sh\napp:x:77:77::/:/bin/sh\n");
    write_file(place, "context/keep.txt", "keep");
    write_file(place, "context/drop.txt", "drop");
    write_file(place, "context/.carteignore", "*.txt\n!keep.txt\n");
    image = must_build(place, "context",
                       "FROM scratch AS first\nCOPY keep.txt /from/stage\n"
                       "FROM scratch AS unused\nCOPY missing /\n"
                       "FROM scratch\nCOPY passwd /etc/passwd\n"
                       "COPY --from=first /from /to\n"
                       "COPY --chown=app --chmod=u=rwX,go= *.txt /owned/\nCOPY . /all\n",
                       "stages");
    assert_content(image, "to/stage", "keep");
    assert_content(image, "all/keep.txt", "keep");
    path = alloc_format("%s/all/drop.txt", image->layers.items[0]);
    assert_false(file_exists(AT_FDCWD, path));
    free(path);
    path = alloc_format("%s/owned/keep.txt", image->layers.items[1]);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_uid, 77);
    assert_int_equal(status.st_mode & 07777, 0600);
}

static void a_link_in_the_image_leads_a_copy_inside_it(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *link = alloc_format("%s/context/root/etc", place->folder);

    write_file(place, "context/root/real/file", "real");
    write_file(place, "context/new", "new");
    assert_int_equal(symlink("/real/../../../real", link), 0);
    image = must_build(place, "context", "FROM scratch\nCOPY root /\nCOPY new /etc/new\n", "link");
    assert_content(image, "real/new", "new");
}

/* Whether the file is in the layer `place` of the image, counted from the top. */
static bool layer_has(const struct image *image, size_t place, const char *path)
{
    AUTO_FREE char *full = alloc_format("%s/%s", image->layers.items[place], path);

    return file_exists(AT_FDCWD, full);
}

static void the_short_form_makes_three_layers_and_a_record(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *text = NULL;
    AUTO(json) struct json *record = NULL;
    const struct json *layer = NULL;
    struct error err = { 0 };

    write_file(place, "context/app/data", "data");
    write_file(place, "context/app/bin/start", "#!/bin/sh\n");
    write_file(place, "context/sh", "");
    image_free(must_build(place, "context", "FROM scratch\nCOPY sh /bin/sh\n", "base:1"));
    image = must_build(place, "context",
                       "FROM base:1\nNAME short\nPATH ./app\nexe_PATH bin/start\n", "short");
    assert_int_equal(image->layers.count, 4);
    assert_true(layer_has(image, 2, "app/data") && !layer_has(image, 2, "app/bin/start"));
    assert_true(layer_has(image, 1, "app/bin/start") && !layer_has(image, 1, "app/data"));
    assert_true(layer_has(image, 0, "app/.start") && !layer_has(image, 0, "app/bin"));
    assert_string_equal(image->config.entrypoint.items[0], "/app/.start");
    assert_string_equal(image->config.working_dir, "/app");
    assert_int_equal(store_find_record(place->store, image->id, &text, &err), 0);
    record = json_parse(text, strlen(text), &err);
    assert_int_equal(json_count(record), 6);
    assert_string_equal(json_find_text(record, "name", ""), "short");
    assert_string_equal(json_find_text(record, "exe_path", ""), "bin/start");
    assert_string_equal(json_find_text(record, "base_image", ""), "base:1");
    assert_non_null(json_find_text(record, "author", NULL));
    assert_int_equal(strlen(json_find_text(record, "timestamp", "")), 24);
    layer = json_first(json_find(record, "layers"));
    for (size_t i = 1; i < 4; i++, layer = json_next(layer))
        assert_string_equal(json_get_text(layer, ""), image->diff_ids.items[i]);
    assert_null(layer);
}

static void without_a_shell_the_short_form_starts_the_executable(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *image = NULL;

    write_file(place, "context/app/start", "program");
    image = must_build(place, "context", "FROM scratch\nNAME short\nPATH app\nexe_PATH start\n",
                       "short");
    assert_int_equal(image->layers.count, 3);
    assert_string_equal(image->config.entrypoint.items[0], "/app/start");
}

static void a_volume_is_filled_from_the_image(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *image = NULL;
    AUTO_FREE char *volume = alloc_format("%s/volume", place->folder);
    AUTO_FREE char *file = alloc_format("%s/sub/a", volume);
    struct error err = { 0 };
    struct stat status;

    write_file(place, "context/data/sub/a", "a");
    write_file(place, "context/more/b", "b");
    image = must_build(place, "context",
                       "FROM scratch\nCOPY --chown=5:6 data /data\nCOPY --chown=7 more /data/sub\n",
                       "seed");
    assert_int_equal(mkdir(volume, 0700), 0);
    assert_int_equal(store_copy_path(image, "/nothing", volume, &err), 0);
    assert_int_equal(store_copy_path(image, "/data", volume, &err), 0);
    assert_int_equal(stat(volume, &status), 0);
    assert_int_equal(status.st_uid, 5);
    assert_int_equal(status.st_mode & 07777, 0755);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_gid, 6);
    free(file);
    file = alloc_format("%s/sub/b", volume);
    assert_int_equal(stat(file, &status), 0);
    assert_int_equal(status.st_uid, 7);
}

static void names_move_and_what_nobody_needs_is_pruned(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *one = NULL;
    AUTO(image) struct image *two = NULL;
    AUTO(image) struct image *found = NULL;
    const struct strings none = { 0 };
    struct error err = { 0 };
    uint64_t freed = 0;
    bool gone = false;

    write_file(place, "context/a", "a");
    one = must_build(place, "context", "FROM scratch\nCOPY a /one\n", "name");
    two = must_build(place, "context", "FROM scratch\nCOPY a /two\n", "name");
    assert_int_equal(store_tag(place->store, "name", "other:v1", &err), 0);
    assert_int_equal(store_remove_image(place->store, "name", &gone, &err), 0);
    assert_false(gone);
    assert_int_equal(store_find_image(place->store, "name", &found, &err), 0);
    assert_null(found);
    assert_int_equal(store_prune(place->store, true, &one->layers, &freed, &err), 0);
    assert_true(file_exists(AT_FDCWD, one->layers.items[0]));
    assert_int_equal(store_find_image(place->store, one->id, &found, &err), 0);
    assert_null(found);
    assert_int_equal(store_prune(place->store, true, &none, &freed, &err), 0);
    assert_false(file_exists(AT_FDCWD, one->layers.items[0]));
    assert_true(file_exists(AT_FDCWD, two->layers.items[0]));
    /* The steps of an image that stays are still known. */
    uncached = 0;
    found = must_build(place, "context", "FROM scratch\nCOPY a /two\n", "other:v1");
    assert_int_equal(uncached, 0);
    assert_int_equal(store_remove_image(place->store, "other:v1", &gone, &err), 0);
    assert_true(gone);
    assert_int_equal(store_remove_image(place->store, "other:v1", &gone, &err), -1);
    assert_int_equal(err.code, ERROR_NOT_FOUND);
}

static void what_a_killed_build_left_is_swept(void **state)
{
    struct place *place = *state;
    AUTO_FREE char *left = alloc_format("%s/images/tmp/1.0/layer.0/tree/file", place->folder);
    AUTO_FREE char *session = alloc_format("%s/images/tmp/1.0", place->folder);
    AUTO_FREE char *root = alloc_format("%s/images", place->folder);
    struct error err = { 0 };

    write_file(place, "images/tmp/1.0/layer.0/tree/file", "half");
    assert_true(file_exists(AT_FDCWD, left));
    store_close(place->store);
    place->store = store_open(root, &err);
    assert_non_null(place->store);
    assert_false(file_exists(AT_FDCWD, session));
}

static void a_lost_tree_is_unpacked_again_and_a_damaged_layer_refused(void **state)
{
    const struct place *place = *state;
    AUTO(image) struct image *image = NULL;
    AUTO(image) struct image *found = NULL;
    AUTO_FREE char *layers = alloc_format("%s/images/layers", place->folder);
    AUTO_FREE char *tree = NULL;
    struct error err = { 0 };

    write_file(place, "context/a", "a");
    image = must_build(place, "context", "FROM scratch\nCOPY a /one\n", "lost");
    tree = alloc_text(image->layers.items[0]);
    *strrchr(tree, '/') = '\0';
    assert_int_equal(file_remove_tree(AT_FDCWD, tree, &err), 0);
    assert_int_equal(store_find_image(place->store, "lost", &found, &err), 0);
    assert_content(found, "one", "a");
    assert_int_equal(file_remove_tree(AT_FDCWD, tree, &err), 0);
    damage_blobs(place);
    image_free(STEAL_PTR(found));
    assert_int_equal(store_find_image(place->store, "lost", &found, &err), -1);
    assert_false(file_exists(AT_FDCWD, tree));
}

static void mistakes_name_file_and_line(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "FROM scratch\nCPOY a b\n", "Cartefile:2:1: unknown instruction 'CPOY'" },
        { "FROM scratch\nCOPY missing /\n", "Cartefile:2:6: COPY: 'missing' does not exist" },
        { "FROM nothing-here\n", "Cartefile:1:6: FROM: there is no image" },
        { "RUN x\nFROM scratch\n", "Cartefile:1:1: RUN stands before FROM" },
        { "FROM scratch\nRUN --mount=type=cache x\n",
          "Cartefile:2:1: --mount: a cache needs a target" },
        { "FROM scratch\nADD ftp://a/b /\n", "Cartefile:2:5: ADD: 'ftp://a/b' cannot be fetched" },
        { "FROM scratch\nCOPY --from=other a /\n", "neither an earlier stage" },
    };
    const struct place *place = *state;

    write_file(place, "context/a", "a");
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        struct image *image = NULL;

        assert_int_equal(build(place, "context", cases[i].text, "x", &image, &err), -1);
        if (!strstr(err.text, cases[i].part))
            print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, cases[i].part));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_image_has_its_files_and_its_configuration),
        TEST(a_second_build_does_nothing),
        TEST(two_folders_with_the_same_content_give_one_digest),
        TEST(stages_owners_modes_and_ignored_files_are_respected),
        TEST(a_link_in_the_image_leads_a_copy_inside_it),
        TEST(the_short_form_makes_three_layers_and_a_record),
        TEST(without_a_shell_the_short_form_starts_the_executable),
        TEST(a_volume_is_filled_from_the_image),
        TEST(names_move_and_what_nobody_needs_is_pruned),
        TEST(what_a_killed_build_left_is_swept),
        TEST(a_lost_tree_is_unpacked_again_and_a_damaged_layer_refused),
        TEST(mistakes_name_file_and_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
