/* SPDX-License-Identifier: MIT */

/*
 * Documents about the runtime itself
 */

#include "oci/features.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "oci/config.h"
#include "oci/hook.h"
#include "runtime/capability.h"
#include "runtime/mount_option.h"
#include "runtime/syscall_profile.h"
#include "util/alloc.h"
#include "util/error.h"
#include "util/json.h"

static struct json *list(const char *const *words)
{
    struct json *array = json_new_array();

    for (; *words; words++)
        json_append_text(array, *words);
    return array;
}

static struct json *list_capabilities(uint64_t set)
{
    struct json *array = json_new_array();

    for (unsigned i = 0; capability_find_name(i); i++) {
        AUTO_FREE char *name = alloc_format("CAP_%s", capability_find_name(i));

        if (set >> i & 1)
            json_append_text(array, name);
    }
    return array;
}

static struct json *enabled(bool value)
{
    struct json *object = json_new_object();

    json_set_bool(object, "enabled", value);
    return object;
}

static struct json *describe_cgroup(void)
{
    struct json *cgroup = json_new_object();

    json_set_bool(cgroup, "v1", true);
    json_set_bool(cgroup, "v2", true);
    json_set_bool(cgroup, "systemd", false);
    json_set_bool(cgroup, "systemdUser", false);
    json_set_bool(cgroup, "rdma", true);
    return cgroup;
}

static struct json *describe_seccomp(void)
{
    struct json *seccomp = enabled(true);

    json_set(seccomp, "actions", list(syscall_profile_actions()));
    json_set(seccomp, "operators", list(syscall_profile_operators()));
    json_set(seccomp, "archs", list(syscall_profile_architectures()));
    json_set(seccomp, "knownFlags", list(syscall_profile_flags()));
    json_set(seccomp, "supportedFlags", list(syscall_profile_flags()));
    return seccomp;
}

static struct json *describe_linux(void)
{
    struct json *linux_ = json_new_object(), *namespaces = json_new_array();
    struct json *extensions = json_new_object();

    for (const struct shape_choice *type = config_namespace_types; type->name; type++)
        json_append_text(namespaces, type->name);
    json_set(linux_, "namespaces", namespaces);
    json_set(linux_, "capabilities", list_capabilities(capability_all()));
    json_set(linux_, "cgroup", describe_cgroup());
    json_set(linux_, "seccomp", describe_seccomp());
    json_set(linux_, "apparmor", enabled(false));
    json_set(linux_, "selinux", enabled(false));
    json_set(linux_, "intelRdt", enabled(false));
    json_set(extensions, "idmap", enabled(true));
    json_set(linux_, "mountExtensions", extensions);
    json_set(linux_, "netDevices", enabled(true));
    return linux_;
}

struct json *features_describe(void)
{
    struct json *features = json_new_object(), *hooks = json_new_array();
    struct json *annotations = json_new_object();

    for (int kind = 0; kind < HOOK_KIND_COUNT; kind++)
        json_append_text(hooks, hook_kind_name((enum hook_kind)kind));
    json_set_text(features, "ociVersionMin", CONFIG_VERSION_MIN);
    json_set_text(features, "ociVersionMax", CONFIG_VERSION_MAX);
    json_set(features, "hooks", hooks);
    json_set(features, "mountOptions", list(mount_option_names()));
    json_set(features, "linux", describe_linux());
    json_set_text(annotations, "io.carte.version", CARTE_VERSION);
    json_set(features, "annotations", annotations);
    return features;
}

/* What an example without root has instead: no right to a network, to resources, or to group 5. */
struct parts {
    const char *devpts_group, *sys, *maps, *resources, *namespaces;
};

/* The parts without choices are easier to read as they are written in the end. */
static char *write_example(const struct parts *parts)
{
    return alloc_format(
        "{\"ociVersion\":\"" CONFIG_VERSION_MAX "\",\"process\":{\"terminal\":true,"
        "\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
        "\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
        "\"TERM=xterm\"],\"cwd\":\"/\",\"noNewPrivileges\":true,"
        "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}]},"
        "\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"carte\",\"mounts\":["
        "{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\","
        "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
        "{\"destination\":\"/dev\",\"type\":\"tmpfs\",\"source\":\"tmpfs\","
        "\"options\":[\"nosuid\",\"strictatime\",\"mode=755\",\"size=65536k\"]},"
        "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"source\":\"devpts\",\"options\":["
        "\"nosuid\",\"noexec\",\"newinstance\",\"ptmxmode=0666\",\"mode=0620\"%s]},"
        "{\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\"source\":\"shm\",\"options\":["
        "\"nosuid\",\"noexec\",\"nodev\",\"mode=1777\",\"size=65536k\"]},"
        "{\"destination\":\"/dev/mqueue\",\"type\":\"mqueue\",\"source\":\"mqueue\","
        "\"options\":[\"nosuid\",\"noexec\",\"nodev\"]},"
        "{\"destination\":\"/sys\",%s]},"
        "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":\"cgroup\","
        "\"options\":[\"nosuid\",\"noexec\",\"nodev\",\"relatime\",\"ro\"]}],"
        "\"linux\":{%s%s\"namespaces\":[{\"type\":\"pid\"},%s{\"type\":\"ipc\"},"
        "{\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"cgroup\"}],"
        "\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/interrupts\",\"/proc/kcore\","
        "\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\","
        "\"/proc/sched_debug\",\"/proc/scsi\",\"/sys/firmware\","
        "\"/sys/devices/virtual/powercap\"],"
        "\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
        "\"/proc/sysrq-trigger\"]}}",
        parts->devpts_group, parts->sys, parts->maps, parts->resources, parts->namespaces);
}

struct json *features_example(bool rootless)
{
    static const char *const sets[] = { "bounding", "effective", "permitted" };
    AUTO_FREE char *maps =
        alloc_format("\"uidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":1}],"
                     "\"gidMappings\":[{\"containerID\":0,\"hostID\":%u,\"size\":1}],",
                     geteuid(), getegid());
    const struct parts rooted = {
        ",\"gid=5\"",
        "\"type\":\"sysfs\",\"source\":\"sysfs\",\"options\":[\"nosuid\",\"noexec\",\"nodev\","
        "\"ro\"",
        "",
        "\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},",
        "{\"type\":\"network\"},",
    };
    const struct parts alone = {
        "",
        "\"type\":\"none\",\"source\":\"/"
        "sys\",\"options\":[\"rbind\",\"nosuid\",\"noexec\",\"nodev\","
        "\"ro\"",
        maps,
        "",
        "{\"type\":\"user\"},",
    };
    AUTO_FREE char *text = write_example(rootless ? &alone : &rooted);
    struct error err = { 0 };
    struct json *example = json_parse(text, strlen(text), &err);
    struct json *process = json_copy(json_find(example, "process"));
    struct json *capabilities = json_new_object();

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        json_set(capabilities, sets[i], list_capabilities(capability_default()));
    json_set(process, "capabilities", capabilities);
    json_set(example, "process", process);
    return example;
}
