/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "oci/config.h"
#include "oci/translate.h"
#include "util/error.h"

#define BARE "\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"}"
#define PROCESS "\"args\":[\"sh\"],\"cwd\":\"/\""

static struct config *parse(const char *text, struct error *err)
{
    return config_parse(text, strlen(text), err);
}

static void assert_refused(const char *text, enum error_code code, const char *message)
{
    struct error err = { 0 };
    struct config *config = parse(text, &err);

    if (config || err.code != code || !strstr(err.text, message))
        fail_msg("%s\ngave code %d '%s', not '%s'", text, (int)err.code, err.text, message);
}

static void the_smallest_config_is_read(void **state)
{
    struct error err = { 0 };
    AUTO(config) struct config *config = parse("{" BARE "}", &err);

    (void)state;
    assert_non_null(config);
    assert_string_equal(config->root_path, "rootfs");
    assert_false(config->has_process);
}

static void unknown_properties_are_ignored_and_null_is_absent(void **state)
{
    struct error err = { 0 };
    AUTO(config)
    struct config *config =
        parse("{" BARE ",\"x\":{\"y\":[1]},\"process\":null,\"linux\":{\"z\":1}}", &err);

    (void)state;
    assert_non_null(config);
    assert_false(config->has_process);
}

static void mistakes_name_their_place(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "{", "not JSON" },
        { "[]", "an object is expected" },
        { "{}", "ociVersion: it is missing" },
        { "{\"ociVersion\":\"2.0.0\",\"root\":{\"path\":\"r\"}}", "unknown version" },
        { "{\"ociVersion\":\"1.0.0\"}", "root: it is missing" },
        { "{\"ociVersion\":\"1.0.0\",\"root\":{}}", "root.path: it is missing" },
        { "{" BARE ",\"process\":{\"args\":[],\"cwd\":\"/\"}}", "process: args: at least one" },
        { "{" BARE ",\"process\":{\"args\":[\"a\",1],\"cwd\":\"/\"}}",
          "process.args[1]: a text is expected" },
        { "{" BARE ",\"process\":{\"args\":[\"a\"],\"cwd\":\"x\"}}", "cwd: 'x' is not absolute" },
        { "{" BARE ",\"process\":{" PROCESS ",\"rlimits\":[{\"type\":\"RLIMIT_X\",\"soft\":1,"
          "\"hard\":1}]}}",
          "process.rlimits[0].type: unknown value 'RLIMIT_X'" },
        { "{" BARE ",\"process\":{" PROCESS ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":2,"
          "\"hard\":1}]}}",
          "process.rlimits[0]: the soft limit" },
        { "{" BARE ",\"process\":{" PROCESS ",\"rlimits\":[{\"type\":\"RLIMIT_CPU\",\"soft\":1,"
          "\"hard\":1},{\"type\":\"RLIMIT_CPU\",\"soft\":1,\"hard\":1}]}}",
          "rlimits[1].type: 'RLIMIT_CPU' is there twice" },
        { "{" BARE ",\"process\":{" PROCESS ",\"user\":{\"uid\":4294967296}}}",
          "process.user.uid: the number is not between" },
        { "{" BARE ",\"process\":{" PROCESS ",\"user\":{\"uid\":-1}}}",
          "process.user.uid: the number is not between" },
        { "{" BARE ",\"linux\":{\"namespaces\":[{\"type\":\"moon\"}]}}",
          "linux.namespaces[0].type: unknown value 'moon'" },
        { "{" BARE ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}}",
          "'pid' is there twice" },
        { "{" BARE ",\"linux\":{\"resources\":{\"cpu\":{\"quota\":\"x\"}}}}",
          "linux.resources.cpu.quota: a whole number is expected" },
        { "{" BARE ",\"linux\":{\"resources\":{\"cpu\":{\"quota\":1.5}}}}",
          "linux.resources.cpu.quota: a whole number is expected" },
        { "{" BARE ",\"linux\":{\"resources\":{\"unified\":{\"../x.y\":\"1\"}}}}",
          "linux.resources: unified: '../x.y'" },
        { "{" BARE ",\"linux\":{\"rootfsPropagation\":\"wide\"}}",
          "linux.rootfsPropagation: unknown value 'wide'" },
        { "{" BARE ",\"linux\":{\"seccomp\":{}}}", "linux.seccomp.defaultAction: it is missing" },
        { "{" BARE ",\"hooks\":{\"poststop\":[{\"path\":\"x\"}]}}",
          "hooks.poststop[0]: path: 'x' is not absolute" },
        { "{" BARE ",\"hooks\":{\"poststop\":[{\"path\":\"/x\",\"timeout\":0}]}}",
          "hooks.poststop[0].timeout: 0 is not between" },
        { "{" BARE ",\"annotations\":{\"\":\"x\"}}", "annotations: a key is empty" },
        { "{" BARE ",\"annotations\":{\"a\":1}}", "annotations.a: a text is expected" },
        { "{" BARE ",\"hostname\":\"a\\u0000b\"}", "a text with a NUL" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_refused(rows[i].text, ERROR_INVALID, rows[i].message);
}

static void rules_of_the_specification_are_checked(void **state)
{
    static const struct {
        const char *text, *message;
    } rows[] = {
        { "{" BARE ",\"hostname\":\"a\xff\"}", "not UTF-8 at byte" },
        { "{" BARE ",\"hostname\":\"\xc0\xaf\"}", "not UTF-8 at byte" },
        { "{" BARE ",\"hostname\":\"\xed\xa0\x80\"}", "not UTF-8 at byte" },
        { "{" BARE ",\"hostname\":\"a\",\"hostname\":\"b\"}", "hostname: it is there twice" },
        { "{" BARE ",\"annotations\":{\"k\":\"a\",\"k\":\"b\"}}",
          "annotations: 'k' is there twice" },
        { "{\"ociVersion\":\"1.0\",\"root\":{\"path\":\"r\"}}", "unknown version" },
        { "{\"ociVersion\":\"1.02.0\",\"root\":{\"path\":\"r\"}}", "unknown version" },
        { "{\"ociVersion\":\"1.0.0-\",\"root\":{\"path\":\"r\"}}", "unknown version" },
        { "{" BARE ",\"linux\":{\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1}]}}",
          "linux.devices[0]: major, minor" },
        { "{" BARE ",\"linux\":{\"maskedPaths\":[\"/a\",\"b\"]}}",
          "linux.maskedPaths[1]: 'b' is not absolute" },
        { "{" BARE ",\"linux\":{\"readonlyPaths\":[\"\"]}}",
          "linux.readonlyPaths[0]: '' is not absolute" },
        { "{" BARE ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
          "\"listenerMetadata\":\"x\"}}}",
          "linux.seccomp: listenerMetadata" },
        { "{" BARE ",\"linux\":{\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\","
          "\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_KILL\"}]}}}",
          "linux.seccomp.syscalls[0]: names" },
        { "{" BARE ",\"linux\":{\"resources\":{\"blockIO\":{\"weightDevice\":[{\"major\":8,"
          "\"minor\":0}]}}}}",
          "weightDevice[0]: weight or leafWeight" },
        { "{" BARE ",\"linux\":{\"resources\":{\"rdma\":{\"mlx\":{}}}}}", "rdma.mlx: hcaHandles" },
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        assert_refused(rows[i].text, ERROR_INVALID, rows[i].message);
}

static void what_is_not_supported_is_refused(void **state)
{
    (void)state;
    assert_refused("{" BARE ",\"linux\":{\"intelRdt\":{}}}", ERROR_UNSUPPORTED, "linux.intelRdt");
    assert_refused("{" BARE ",\"linux\":{\"memoryPolicy\":{}}}", ERROR_UNSUPPORTED,
                   "linux.memoryPolicy");
    assert_refused("{" BARE ",\"linux\":{\"netDevices\":{\"eth7\":{}}}}", ERROR_INVALID,
                   "linux.netDevices: they need a network namespace");
    assert_refused("{" BARE ",\"vm\":{}}", ERROR_UNSUPPORTED, "vm");
    assert_refused("{" BARE
                   ",\"linux\":{\"personality\":{\"domain\":\"LINUX\",\"flags\":[\"X\"]}}}",
                   ERROR_UNSUPPORTED, "linux.personality.flags");
    assert_refused("{" BARE ",\"linux\":{\"resources\":{\"memory\":{\"kernel\":1}}}}",
                   ERROR_UNSUPPORTED, "memory: kernel:");
    assert_refused("{" BARE ",\"linux\":{\"resources\":{\"memory\":{\"kernelTCP\":1}}}}",
                   ERROR_UNSUPPORTED, "memory: kernelTCP:");
    assert_refused("{" BARE ",\"linux\":{\"resources\":{\"memory\":{\"useHierarchy\":false}}}}",
                   ERROR_UNSUPPORTED, "memory: useHierarchy:");
    assert_refused("{" BARE ",\"process\":{" PROCESS ",\"apparmorProfile\":\"p\"}}",
                   ERROR_UNSUPPORTED, "apparmorProfile");
    assert_refused("{" BARE ",\"linux\":{\"mountLabel\":\"l\"}}", ERROR_UNSUPPORTED, "mountLabel");
}

static void numbers_keep_all_digits(void **state)
{
    struct error err = { 0 };
    AUTO(config)
    struct config *config =
        parse("{" BARE ",\"process\":{" PROCESS ",\"rlimits\":[{\"type\":\"RLIMIT_CORE\","
              "\"soft\":9007199254740993,\"hard\":18446744073709551615}]},\"linux\":{\"seccomp\":"
              "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"clone\"],"
              "\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"valueTwo\":"
              "18446744071562067968,\"op\":\"SCMP_CMP_MASKED_EQ\"}]}]}}}",
              &err);

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->process.ulimits[0].resource, RLIMIT_CORE);
    assert_true(config->process.ulimits[0].soft == 9007199254740993u);
    assert_true(config->process.ulimits[0].hard == RLIM_INFINITY);
    assert_true(config->seccomp.syscalls[0].arguments[0].value_two == 18446744071562067968u);
}

static void more_elements_than_allowed_are_refused(void **state)
{
    size_t size = 64 + 4 * (SHAPE_ITEMS_MAX + 2);
    char *text = calloc(1, size);
    size_t length = (size_t)snprintf(text, size, "{" BARE ",\"linux\":{\"maskedPaths\":[\"\"");

    (void)state;
    for (size_t i = 0; i < SHAPE_ITEMS_MAX; i++, length += 3)
        memcpy(text + length, ",\"\"", 4);
    memcpy(text + length, "]}}", 4);
    assert_refused(text, ERROR_INVALID, "linux.maskedPaths: more than 4096 elements");
    free(text);
}

static void assert_cgroup(const char *path, const char *expected)
{
    struct error err = { 0 };
    struct config config = { .cgroups_path = path };
    char *found = NULL;
    int result = translate_cgroup(&config, "id", &found, &err);

    if (!expected)
        assert_int_equal(result, -1);
    else
        assert_string_equal(found, expected);
    free(found);
}

static void cgroups_stay_below_their_hierarchies(void **state)
{
    (void)state;
    assert_cgroup(NULL, "/carte-oci/id");
    assert_cgroup("", "/carte-oci/id");
    assert_cgroup("/docker//x/", "/docker/x");
    assert_cgroup("a/b", "/carte-oci/a/b");
    assert_cgroup("/", NULL);
    assert_cgroup("/a/../../b", NULL);
    assert_cgroup("..", NULL);
    assert_cgroup("/a/./b", NULL);
    assert_cgroup("system.slice:crio:x", NULL);
    assert_cgroup("/a\nb", NULL);
}

static void zeros_of_engines_are_no_limits(void **state)
{
    static const char text[] = "{\"memory\":{\"limit\":0,\"swap\":-1,\"disableOOMKiller\":false},"
                               "\"cpu\":{\"shares\":0,\"quota\":5,\"idle\":0},\"pids\":{"
                               "\"limit\":0},\"blockIO\":{\"weight\":0}}";
    struct error err = { 0 };
    AUTO(config) struct config *config = config_parse_resources(text, sizeof(text) - 1, &err);
    struct container_resources out;

    (void)state;
    assert_non_null(config);
    translate_resources(&config->resources, &config->store, &out);
    assert_true(out.given ==
                (UINT64_C(1) << CONTAINER_MEMORY_SWAP | UINT64_C(1) << CONTAINER_CPU_QUOTA |
                 UINT64_C(1) << CONTAINER_CPU_IDLE));
    assert_int_equal(out.values[CONTAINER_MEMORY_SWAP], -1);
}

static void unknown_capabilities_warn(void **state)
{
    struct error err = { 0 };
    AUTO(config)
    struct config *config =
        parse("{" BARE ",\"process\":{" PROCESS ",\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
              "\"CAP_MOON\",\"ALL\"]}}}",
              &err);
    const struct translate_place place = { "id", "/bundle", "/c" };
    AUTO(translate) struct translate *translate = NULL;

    (void)state;
    assert_non_null(config);
    translate = translate_new(config, &place, &err);
    assert_non_null(translate);
    assert_int_equal(translate->warnings.count, 2);
    assert_non_null(strstr(translate->warnings.items[0], "CAP_MOON"));
    assert_true(translate->spec.program.capability_sets->bounding == 1);
    assert_true(translate->spec.program.capability_sets->effective == 0);
    assert_string_equal(translate->spec.root, "/bundle/rootfs");
    assert_true(translate->spec.program.bare);
}

static void namespaces_that_are_not_listed_are_inherited(void **state)
{
    struct error err = { 0 };
    AUTO(config)
    struct config *config =
        parse("{" BARE ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"network\","
              "\"path\":\"/run/n\"}]}}",
              &err);
    const struct translate_place place = { "id", "/bundle", "/c" };
    AUTO(translate)
    struct translate *translate = config ? translate_new(config, &place, &err) : NULL;

    const struct container_namespace_choice *namespaces = NULL;

    (void)state;
    assert_non_null(translate);
    if (!translate)
        return;
    namespaces = translate->spec.namespaces;
    assert_int_equal(namespaces[CONTAINER_NAMESPACE_PID].how, CONTAINER_NEW);
    assert_int_equal(namespaces[CONTAINER_NAMESPACE_NETWORK].how, CONTAINER_JOIN);
    assert_int_equal(namespaces[CONTAINER_NAMESPACE_IPC].how, CONTAINER_INHERIT);
}

static void maps_of_a_mount_that_is_no_bind_are_refused(void **state)
{
    struct error err = { 0 };
    AUTO(config)
    struct config *config =
        parse("{" BARE ",\"mounts\":[{\"destination\":\"/m\",\"type\":\"tmpfs\",\"uidMappings\":["
              "{\"containerID\":0,\"hostID\":7,\"size\":1}],\"gidMappings\":[{\"containerID\":0,"
              "\"hostID\":7,\"size\":1}]}]}",
              &err);
    const struct translate_place place = { "id", "/bundle", "/c" };

    (void)state;
    assert_non_null(config);
    assert_null(translate_new(config, &place, &err));
    assert_string_equal(err.text, "mounts[0]: ids are shifted for a bind mount alone");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_config_is_read),
        cmocka_unit_test(unknown_properties_are_ignored_and_null_is_absent),
        cmocka_unit_test(mistakes_name_their_place),
        cmocka_unit_test(rules_of_the_specification_are_checked),
        cmocka_unit_test(what_is_not_supported_is_refused),
        cmocka_unit_test(numbers_keep_all_digits),
        cmocka_unit_test(more_elements_than_allowed_are_refused),
        cmocka_unit_test(cgroups_stay_below_their_hierarchies),
        cmocka_unit_test(zeros_of_engines_are_no_limits),
        cmocka_unit_test(unknown_capabilities_warn),
        cmocka_unit_test(namespaces_that_are_not_listed_are_inherited),
        cmocka_unit_test(maps_of_a_mount_that_is_no_bind_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
