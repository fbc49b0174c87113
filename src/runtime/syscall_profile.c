/* SPDX-License-Identifier: MIT */

/*
 * A seccomp filter as OCI's config.json describes it
 *
 * libseccomp compiles it. Compiling takes a hundred times as long as loading, so a filter may
 * be kept in a folder. It has 256 places, chosen by a digest of all that goes into a filter, so
 * that profiles which are all different do not fill the disk.
 */

#include "runtime/syscall_profile.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/syscall_filter.h"
#include "runtime/syscall_join.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/file.h"
#include "util/hash.h"
#include "util/text.h"

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1U << 5)
#endif

struct word {
    const char *name;
    uint32_t value;
};

static const struct word actions[] = {
    { "SCMP_ACT_ALLOW", SCMP_ACT_ALLOW },
    { "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) },
    { "SCMP_ACT_KILL", SCMP_ACT_KILL },
    { "SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS },
    { "SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD },
    { "SCMP_ACT_LOG", SCMP_ACT_LOG },
    { "SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY },
    { "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) },
    { "SCMP_ACT_TRAP", SCMP_ACT_TRAP },
    { NULL, 0 },
};

static const struct word operators[] = {
    { "SCMP_CMP_EQ", SCMP_CMP_EQ }, { "SCMP_CMP_GE", SCMP_CMP_GE },
    { "SCMP_CMP_GT", SCMP_CMP_GT }, { "SCMP_CMP_LE", SCMP_CMP_LE },
    { "SCMP_CMP_LT", SCMP_CMP_LT }, { "SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ },
    { "SCMP_CMP_NE", SCMP_CMP_NE }, { NULL, 0 },
};

static const struct word architectures[] = {
    { "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
    { "SCMP_ARCH_ARM", SCMP_ARCH_ARM },
    { "SCMP_ARCH_MIPS", SCMP_ARCH_MIPS },
    { "SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64 },
    { "SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32 },
    { "SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL },
    { "SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64 },
    { "SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32 },
    { "SCMP_ARCH_PARISC", SCMP_ARCH_PARISC },
    { "SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64 },
    { "SCMP_ARCH_PPC", SCMP_ARCH_PPC },
    { "SCMP_ARCH_PPC64", SCMP_ARCH_PPC64 },
    { "SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE },
    { "SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64 },
    { "SCMP_ARCH_S390", SCMP_ARCH_S390 },
    { "SCMP_ARCH_S390X", SCMP_ARCH_S390X },
    { "SCMP_ARCH_X32", SCMP_ARCH_X32 },
    { "SCMP_ARCH_X86", SCMP_ARCH_X86 },
    { "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 },
    { NULL, 0 },
};

#define ARCHITECTURES (ARRAY_SIZE(architectures) - 1)

static const struct word flags[] = {
    { "SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG },
    { "SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW },
    { "SECCOMP_FILTER_FLAG_TSYNC", 0 }, /* there is one thread */
    { "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV },
    { NULL, 0 },
};

static int find(const struct word *words, const char *name, const char *what, uint32_t *out,
                struct error *err)
{
    for (const struct word *w = words; w->name; w++) {
        if (name && strcmp(w->name, name) == 0) {
            *out = w->value;
            return 0;
        }
    }
    return error_set(err, ERROR_INVALID, "unknown %s '%.64s' of a syscall filter", what,
                     name ? name : "");
}

static int find_action(const char *name, const uint32_t *number, uint32_t *out, struct error *err)
{
    if (find(actions, name, "action", out, err) < 0)
        return -1;
    if (*out == SCMP_ACT_ERRNO(0))
        *out = SCMP_ACT_ERRNO(number ? *number & 0xffff : EPERM);
    else if (*out == SCMP_ACT_TRACE(0))
        *out = SCMP_ACT_TRACE(number ? *number & 0xffff : EPERM);
    else if (number)
        return error_set(err, ERROR_INVALID, "action '%.64s' of a syscall filter has no number",
                         name);
    return 0;
}

static void release_context(scmp_filter_ctx *context)
{
    if (*context)
        seccomp_release(*context);
}

/* libseccomp takes one condition on each argument: several become rules of their own. */
static int add_call(scmp_filter_ctx context, uint32_t action, int number,
                    const struct scmp_arg_cmp *arguments, unsigned count)
{
    unsigned seen = 0;
    bool twice = false;
    int status = 0;

    for (unsigned i = 0; i < count; i++) {
        twice = twice || (seen >> arguments[i].arg & 1);
        seen |= 1U << arguments[i].arg;
    }
    if (!twice)
        return seccomp_rule_add_array(context, action, number, count, arguments);
    for (unsigned i = 0; i < count && status == 0; i++)
        status = seccomp_rule_add_array(context, action, number, 1, &arguments[i]);
    return status;
}

static int find_arguments(const struct syscall_rule *rule, struct scmp_arg_cmp out[6],
                          struct error *err)
{
    if (rule->argument_count > 6)
        return error_set(err, ERROR_INVALID, "a rule of a syscall filter with %zu conditions",
                         rule->argument_count);
    for (size_t i = 0; i < rule->argument_count; i++) {
        const struct syscall_argument *a = &rule->arguments[i];
        uint32_t operator= 0;

        if (find(operators, a->operator, "operator", &operator, err) < 0)
            return -1;
        if (a->index > 5)
            return error_set(err, ERROR_INVALID, "a system call has no argument %u", a->index);
        out[i] =
            (struct scmp_arg_cmp){ a->index, (enum scmp_compare) operator, a->value, a->value_two };
    }
    return 0;
}

static bool refuses(uint32_t action)
{
    return action != SCMP_ACT_ALLOW && action != SCMP_ACT_LOG;
}

/*
 * What the filter does by default needs no rule, and libseccomp refuses one. A call that is newer
 * than the library (EFAULT) it cannot name on another architecture, where it stays refused.
 */
static int add_rule(scmp_filter_ctx context, const struct syscall_rule *rule,
                    uint32_t default_action, struct error *err)
{
    struct scmp_arg_cmp arguments[6];
    uint32_t action = 0;

    if (find_action(rule->action, rule->number, &action, err) < 0 ||
        find_arguments(rule, arguments, err) < 0)
        return -1;
    for (size_t i = 0; i < rule->names.count && action != default_action; i++) {
        int number = syscall_filter_find_number(rule->names.items[i]);
        int status = 0;

        if (number == __NR_SCMP_ERROR)
            continue;
        status = add_call(context, action, number, arguments, (unsigned)rule->argument_count);
        if (status == -EFAULT && refuses(default_action))
            continue;
        if (status < 0)
            return error_set_errno(err, -status, "add '%.64s' to the syscall filter",
                                   rule->names.items[i]);
    }
    return 0;
}

/* For one architecture: several at once take as many times the memory. */
static int compile_for(const struct syscall_profile *profile, uint32_t architecture,
                       struct sock_fprog *out, struct error *err)
{
    __attribute__((cleanup(release_context))) scmp_filter_ctx context = NULL;
    uint32_t action = 0;

    if (find_action(profile->default_action, profile->default_number, &action, err) < 0)
        return -1;
    context = seccomp_init(action);
    if (!context || seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
        return error_set(err, ERROR_INVALID, "a syscall filter cannot have the default '%.64s'",
                         profile->default_action);
    if (architecture != seccomp_arch_native() && (seccomp_arch_add(context, architecture) < 0 ||
                                                  seccomp_arch_remove(context, SCMP_ARCH_NATIVE)))
        return error_set(err, ERROR_SYSTEM, "compile the syscall filter for architecture %#x",
                         architecture);
    for (size_t i = 0; i < profile->rule_count; i++) {
        if (add_rule(context, &profile->rules[i], action, err) < 0)
            return -1;
    }
    return syscall_filter_export(context, out, err);
}

/* The native one first: its calls are the many. Without a list it is alone. */
static int find_architectures(const struct syscall_profile *profile, uint32_t out[ARCHITECTURES],
                              size_t *count_out, struct error *err)
{
    size_t count = 0;

    if (profile->architectures.count == 0)
        out[count++] = seccomp_arch_native();
    for (size_t i = 0; i < profile->architectures.count; i++) {
        uint32_t token = 0;
        size_t at = 0;

        if (find(architectures, profile->architectures.items[i], "architecture", &token, err) < 0)
            return -1;
        while (at < count && out[at] != token)
            at++;
        if (at < count)
            continue;
        out[count++] = token;
        if (token == seccomp_arch_native()) {
            out[at] = out[0];
            out[0] = token;
        }
    }
    *count_out = count;
    return 0;
}

static int compile(const struct syscall_profile *profile, struct sock_fprog *out, struct error *err)
{
    struct syscall_join join = { 0 };
    uint32_t tokens[ARCHITECTURES];
    size_t count = 0;
    int result = find_architectures(profile, tokens, &count, err);

    for (size_t i = 0; i < count && result == 0; i++) {
        struct sock_fprog *program = syscall_join_add(&join, tokens[i]);

        result = compile_for(profile, tokens[i], program, err);
    }
    if (result == 0)
        result = syscall_join_make(&join, out, err);
    syscall_join_done(&join);
    return result;
}

static void hash_number(struct hash_sha256 *hash, uint64_t number)
{
    hash_sha256_update(hash, &number, sizeof(number));
}

static void hash_strings(struct hash_sha256 *hash, const struct strings *strings)
{
    hash_number(hash, strings->count);
    for (size_t i = 0; i < strings->count; i++)
        hash_sha256_update_text(hash, strings->items[i]);
}

static void hash_rule(struct hash_sha256 *hash, const struct syscall_rule *rule)
{
    hash_strings(hash, &rule->names);
    hash_sha256_update_text(hash, rule->action ? rule->action : "");
    hash_number(hash, rule->number ? *rule->number : UINT64_MAX);
    hash_number(hash, rule->argument_count);
    for (size_t i = 0; i < rule->argument_count; i++) {
        hash_number(hash, rule->arguments[i].index);
        hash_number(hash, rule->arguments[i].value);
        hash_number(hash, rule->arguments[i].value_two);
        hash_sha256_update_text(hash, rule->arguments[i].operator? rule->arguments[i].operator: "");
    }
}

/*
 * Another library or machine may compile it in another way. Nothing of another boot counts: a
 * power cut may have left part of it.
 */
static void find_digest(const struct syscall_profile *profile, char out[HASH_SHA256_HEX_SIZE])
{
    const struct scmp_version *version = seccomp_version();
    struct hash_sha256 hash;

    hash_sha256_init(&hash);
    hash_sha256_update_text(&hash, "carte syscall filter 2");
    hash_sha256_update_text(&hash, clock_boot_id());
    hash_number(&hash, (uint64_t)version->major << 32 | version->minor << 16 | version->micro);
    hash_number(&hash, seccomp_arch_native());
    hash_sha256_update_text(&hash, profile->default_action ? profile->default_action : "");
    hash_number(&hash, profile->default_number ? *profile->default_number : UINT64_MAX);
    hash_strings(&hash, &profile->architectures);
    hash_number(&hash, profile->rule_count);
    for (size_t i = 0; i < profile->rule_count; i++)
        hash_rule(&hash, &profile->rules[i]);
    hash_sha256_hex(&hash, out);
}

/* In front of a kept program: what it was made from, and that it is whole. */
static void seal(const char *digest, const void *program, size_t size,
                 char out[HASH_SHA256_HEX_SIZE])
{
    struct hash_sha256 hash;

    hash_sha256_init(&hash);
    hash_sha256_update_text(&hash, digest);
    hash_sha256_update(&hash, program, size);
    hash_sha256_hex(&hash, out);
}

static bool load(const char *path, const char *digest, struct sock_fprog *out)
{
    AUTO_TEXT struct text bytes = { 0 };
    struct error ignored = { 0 };
    const size_t size = sizeof(struct sock_filter), front = HASH_SHA256_HEX_SIZE;
    char expected[HASH_SHA256_HEX_SIZE];

    if (file_read(AT_FDCWD, path, front + BPF_MAXINSNS * size, &bytes, &ignored) < 0) {
        error_clear(&ignored);
        return false;
    }
    if (bytes.length <= front || (bytes.length - front) % size != 0)
        return false;
    seal(digest, bytes.data + front, bytes.length - front, expected);
    if (memcmp(bytes.data, expected, front) != 0)
        return false;
    out->len = (unsigned short)((bytes.length - front) / size);
    out->filter = alloc_array(struct sock_filter, out->len);
    memcpy(out->filter, bytes.data + front, bytes.length - front);
    return true;
}

/* What cannot be kept is no reason not to start. */
static void keep(const char *folder, const char *path, const char *digest,
                 const struct sock_fprog *program)
{
    AUTO_TEXT struct text bytes = { 0 };
    const size_t size = program->len * sizeof(*program->filter);
    char front[HASH_SHA256_HEX_SIZE];
    struct error ignored = { 0 };

    seal(digest, program->filter, size, front);
    text_add_bytes(&bytes, front, sizeof(front));
    text_add_bytes(&bytes, program->filter, size);
    if (file_make_folders(folder, 0700, &ignored) < 0 ||
        file_replace(AT_FDCWD, path, bytes.data, bytes.length, FILE_VOLATILE(0600), &ignored) < 0)
        error_clear(&ignored);
}

static bool has_action(const struct syscall_profile *profile, const char *action)
{
    for (size_t i = 0; i < profile->rule_count; i++) {
        if (text_equal(profile->rules[i].action, action))
            return true;
    }
    return text_equal(profile->default_action, action);
}

static int find_flags(const struct syscall_profile *profile, unsigned *out, struct error *err)
{
    unsigned all = has_action(profile, "SCMP_ACT_NOTIFY") ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;

    for (size_t i = 0; i < profile->flags.count; i++) {
        uint32_t flag = 0;

        if (find(flags, profile->flags.items[i], "flag", &flag, err) < 0)
            return -1;
        all |= flag;
    }
    *out = all;
    return 0;
}

int syscall_profile_compile(const struct syscall_profile *profile, struct sock_fprog *out,
                            unsigned *flags_out, struct error *err)
{
    AUTO_FREE char *path = NULL;
    char digest[HASH_SHA256_HEX_SIZE];

    if (find_flags(profile, flags_out, err) < 0)
        return -1;
    if (!profile->cache_folder)
        return compile(profile, out, err);
    find_digest(profile, digest);
    path = alloc_format("%s/%.2s.bpf", profile->cache_folder, digest);
    if (load(path, digest, out))
        return 0;
    if (compile(profile, out, err) < 0)
        return -1;
    keep(profile->cache_folder, path, digest, out);
    return 0;
}

#define NAMES_OF(words)                          \
    static const char *names[ARRAY_SIZE(words)]; \
    for (size_t i = 0; (words)[i].name; i++)     \
        names[i] = (words)[i].name;              \
    return names

const char *const *syscall_profile_actions(void)
{
    NAMES_OF(actions);
}

const char *const *syscall_profile_operators(void)
{
    NAMES_OF(operators);
}

const char *const *syscall_profile_architectures(void)
{
    NAMES_OF(architectures);
}

const char *const *syscall_profile_flags(void)
{
    NAMES_OF(flags);
}
