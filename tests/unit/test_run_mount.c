/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdlib.h>
#include <string.h>

#include "build/add_remote.h"
#include "build/copy_match.h"
#include "build/run_mount.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

/* Knows one variable. */
static int expand(void *context, const char *value, char **out, struct error *err)
{
    (void)context;
    (void)err;
    *out = alloc_text(strcmp(value, "$TARGET") == 0 ? "/expanded" : value);
    return 0;
}

static int parse(const char *text, struct run_mount *out, struct error *err)
{
    *out = (struct run_mount){ 0 };
    return run_mount_parse(text, expand, NULL, out, err);
}

static void each_type_has_its_defaults(void **state)
{
    static const struct {
        const char *text;
        enum run_mount_kind kind;
        bool read_only;
        mode_t mode;
    } cases[] = {
        { "target=/x", RUN_MOUNT_BIND, true, 0 },
        { "type=bind,target=/x,rw", RUN_MOUNT_BIND, false, 0 },
        { "type=bind,dst=/x,rw=false", RUN_MOUNT_BIND, true, 0 },
        { "type=bind,destination=/x,readonly=0", RUN_MOUNT_BIND, false, 0 },
        { "type=cache,target=/x", RUN_MOUNT_CACHE, false, 0755 },
        { "type=cache,target=/x,ro,mode=0700", RUN_MOUNT_CACHE, true, 0700 },
        { "type=tmpfs,target=/x", RUN_MOUNT_TMPFS, false, 01777 },
        { "type=secret,id=x", RUN_MOUNT_SECRET, true, 0400 },
        { "type=ssh", RUN_MOUNT_SSH, false, 0600 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        struct run_mount mount;

        assert_int_equal(parse(cases[i].text, &mount, &err), 0);
        assert_int_equal(mount.kind, cases[i].kind);
        assert_int_equal(mount.read_only, cases[i].read_only);
        assert_int_equal(mount.mode, cases[i].mode);
        run_mount_done(&mount);
    }
}

static void values_are_read(void **state)
{
    struct error err = { 0 };
    struct run_mount mount;
    AUTO_FREE char *from = run_mount_find_from("type=bind,\"from=a\",target=/x");

    (void)state;
    assert_string_equal(from, "a");
    assert_null(run_mount_find_from("type=bind,target=/from=a"));
    assert_int_equal(parse("type=cache,id=i,target=$TARGET,uid=1,gid=2,sharing=locked,from=f,"
                           "source=\"/a,b\"",
                           &mount, &err),
                     0);
    assert_string_equal(mount.id, "i");
    assert_string_equal(mount.target, "/expanded");
    assert_string_equal(mount.source, "/a,b");
    assert_string_equal(mount.from, "f");
    assert_string_equal(mount.sharing, "locked");
    assert_int_equal(mount.uid, 1);
    assert_int_equal(mount.gid, 2);
    run_mount_done(&mount);
    assert_int_equal(parse("type=tmpfs,target=/x,size=2m", &mount, &err), 0);
    assert_int_equal(mount.size_bytes, 2 << 20);
    run_mount_done(&mount);
}

static void mistakes_of_mounts_are_named(void **state)
{
    static const struct {
        const char *text, *part;
    } cases[] = {
        { "type=bnid,target=/x", "unknown type 'bnid'" },
        { "type=bind", "needs a target" },
        { "type=cache,tagret=/x", "did you mean 'target'" },
        { "type=tmpfs,target=/x,mode=1", "a tmpfs has no 'mode'" },
        { "type=cache,target=/x,mode=9", "'9' is no mode" },
        { "type=cache,target=/x,uid=-1", "'uid'" },
        { "type=cache,target=/x,sharing=all", "shared, private or locked" },
        { "type=cache,target=/x,source=/y", "needs from=" },
        { "type=cache,target=/x,from=$Y", "takes no variables" },
        { "type=tmpfs,target=/x,size=much", "'size'" },
        { "type=secret", "needs an id" },
        { "type=secret,id=", "'id': has no value" },
        { "type=secret,id=x,required=perhaps", "'required'" },
        { "type=ssh,mode=0600", "keeps its owner and mode" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct error err = { 0 };
        struct run_mount mount;

        assert_int_equal(parse(cases[i].text, &mount, &err), -1);
        assert_int_equal(err.code, ERROR_INVALID);
        if (!strstr(err.text, cases[i].part))
            print_message("%s\n", err.text);
        assert_non_null(strstr(err.text, cases[i].part));
        run_mount_done(&mount);
    }
}

static void sources_of_add_are_told_apart(void **state)
{
    static const struct {
        const char *word;
        int kind;
        const char *name, *ref, *subfolder;
    } cases[] = {
        { "file", ADD_REMOTE_NONE, NULL, NULL, NULL },
        { "dir.git", ADD_REMOTE_NONE, NULL, NULL, NULL },
        { "http://h/a/b.tgz", ADD_REMOTE_FILE, "b.tgz", NULL, NULL },
        { "https://h/a%20b?x=/y#z/w", ADD_REMOTE_FILE, "a b", NULL, NULL },
        { "http://h/a/", ADD_REMOTE_FILE, "", NULL, NULL },
        { "http://h", ADD_REMOTE_FILE, "", NULL, NULL },
        { "http://h/..", ADD_REMOTE_FILE, "", NULL, NULL },
        { "http://h/..%2f..%2fetc", ADD_REMOTE_FILE, "etc", NULL, NULL },
        { "http://h/x%2f..", ADD_REMOTE_FILE, "", NULL, NULL },
        { "https://h/r.git", ADD_REMOTE_GIT, NULL, NULL, NULL },
        { "https://h/r.git#v1", ADD_REMOTE_GIT, NULL, "v1", NULL },
        { "https://h/r.git#v1:a/b", ADD_REMOTE_GIT, NULL, "v1", "a/b" },
        { "git@h:r#:docs", ADD_REMOTE_GIT, NULL, NULL, "docs" },
        { "ssh://h/r", ADD_REMOTE_GIT, NULL, NULL, NULL },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct add_remote remote = { 0 };
        struct error err = { 0 };

        assert_int_equal(add_remote_parse(cases[i].word, NULL, false, &remote, &err), 0);
        assert_int_equal(remote.kind, cases[i].kind);
        assert_true(text_equal(remote.name, cases[i].name));
        assert_true(text_equal(remote.ref, cases[i].ref));
        assert_true(text_equal(remote.subfolder, cases[i].subfolder));
        add_remote_done(&remote);
    }
}

static void checksums_have_a_form(void **state)
{
#define SUM "0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"
    static const struct {
        const char *word, *checksum;
        int result;
    } cases[] = {
        { "http://h/f", "sha256:" SUM, 0 },
        { "http://h/f", SUM, -1 },
        { "http://h/f", "sha256:" SUM "0", -1 },
        { "http://h/f", "sha1:" SUM, -1 },
        { "https://h/r.git", "0123456789abcdef0123456789abcdef01234567", 0 },
        { "https://h/r.git", "sha256:" SUM, -1 },
        { "file", "sha256:" SUM, -1 },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct add_remote remote = { 0 };
        struct error err = { 0 };

        assert_int_equal(add_remote_parse(cases[i].word, cases[i].checksum, false, &remote, &err),
                         cases[i].result);
        assert_true(cases[i].result < 0 || add_remote_is_fixed(&remote));
        add_remote_done(&remote);
    }
}

static void paths_lead_no_further_than_the_root(void **state)
{
    static const struct {
        const char *path, *clean;
    } cases[] = {
        { "a/b", "a/b" }, { "/a//b/", "a/b" },      { "../../a", "a" }, { "a/../../b", "b" },
        { ".", "" },      { "./a/./b/.", "a/b" },   { "", "" },         { "/..", "" },
        { "a/..", "" },   { "..a/b..", "..a/b.." },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        AUTO_FREE char *clean = copy_match_clean(cases[i].path);

        assert_string_equal(clean, cases[i].clean);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_has_its_defaults),
        cmocka_unit_test(values_are_read),
        cmocka_unit_test(mistakes_of_mounts_are_named),
        cmocka_unit_test(sources_of_add_are_told_apart),
        cmocka_unit_test(checksums_have_a_form),
        cmocka_unit_test(paths_lead_no_further_than_the_root),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
