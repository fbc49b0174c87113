/* SPDX-License-Identifier: MIT */

/*
 * RUN: a container whose writable layer becomes a layer of the image
 *
 * What the step leaves behind that is not its own, such as the places where /proc and /sys were
 * mounted, is taken out of the layer before it is kept: the same step gives the same layer.
 */

#include "build/build_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/arg_scope.h"
#include "build/run_command.h"
#include "build/step_mounts.h"
#include "image/merged.h"
#include "image/mount_points.h"
#include "image/tree.h"
#include "runtime/capability.h"
#include "runtime/container.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"
#include "util/text.h"

#define END_MS INT64_C(10000)
#define TAIL_MAX 600
#define OUTPUT_MAX (1U << 20)

char *build_run_clean_path(const struct stage *stage, const char *path)
{
    AUTO_FREE char *full = stage_path(stage, path);
    AUTO_TEXT struct text clean = { 0 };
    char *rest = NULL;

    for (char *part = strtok_r(full, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        if (strcmp(part, "..") == 0 && clean.length > 0) {
            clean.length = (size_t)(strrchr(clean.data, '/') - clean.data);
            clean.data[clean.length] = '\0';
        } else if (strcmp(part, ".") != 0 && strcmp(part, "..") != 0) {
            text_add_format(&clean, "/%s", part);
        }
    }
    if (clean.length == 0)
        text_add(&clean, "/");
    return text_steal(&clean);
}

/* Of a variable that is both, ENV counts. */
static void make_env(const struct stage *stage, struct strings *out)
{
    const struct strings *env = &stage->manifest->config.env;

    for (size_t i = 0; i < stage->args.count; i++) {
        if (stage->args.pairs[i].value)
            strings_set_env(out, stage->args.pairs[i].key, stage->args.pairs[i].value);
    }
    for (size_t i = 0; i < env->count; i++) {
        AUTO_FREE char *key = alloc_text_part(env->items[i], strcspn(env->items[i], "="));

        strings_set_env(out, key, strings_find_env(env, key));
    }
    if (!strings_find_env(out, "PATH"))
        strings_set_env(out, "PATH", STAGE_DEFAULT_PATH);
}

static void add_proxies(const struct stage *stage, struct strings *env)
{
    const struct strings_map *args = &stage->builder->request->args;

    for (size_t i = 0; i < args->count; i++) {
        const struct strings_pair *pair = &args->pairs[i];

        if (arg_scope_is_proxy(pair->key) && pair->value && !strings_find_env(env, pair->key))
            strings_set_env(env, pair->key, pair->value);
    }
}

static void hash_list(struct hash_sha256 *hash, const struct strings *list)
{
    hash_sha256_update(hash, &list->count, sizeof(list->count));
    for (size_t i = 0; i < list->count; i++)
        hash_sha256_update_text(hash, list->items[i]);
}

static const char *or_empty(const char *text)
{
    return text ? text : "";
}

static int make_key(const struct stage *stage, const struct cartefile_instruction *at,
                    const struct container_spec *spec, const struct step_mounts *mounts,
                    char key[HASH_SHA256_HEX_SIZE], struct error *err)
{
    static const char *const flags[] = { "network", "security" };
    struct hash_sha256 hash;

    stage_begin_key(stage, at, &hash);
    hash_list(&hash, &spec->program.args);
    hash_sha256_update_text(&hash, or_empty(run_command_find_script(at)));
    hash_list(&hash, &spec->program.env);
    hash_sha256_update_text(&hash, or_empty(spec->program.cwd));
    hash_sha256_update_text(&hash, or_empty(spec->program.user));
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        const struct strings_pair *flag = strings_map_find(&at->flags, flags[i]);

        hash_sha256_update_text(&hash, flag ? flag->value : "");
    }
    if (step_mounts_hash(stage, mounts, &hash, err) < 0)
        return cartefile_wrap(stage->builder->cartefile, at, err);
    hash_sha256_hex(&hash, key);
    return 0;
}

/* The end of the output, for the error's text. */
static void read_tail(int fd, struct text *out)
{
    struct error ignored = { 0 };

    if (fd < 0 || lseek(fd, 0, SEEK_SET) < 0 || file_read_fd(fd, OUTPUT_MAX, out, &ignored) < 0)
        error_clear(&ignored);
    if (out->length > TAIL_MAX)
        text_drop_front(out, out->length - TAIL_MAX);
    while (out->length > 0 && out->data[out->length - 1] == '\n')
        out->data[--out->length] = '\0';
}

static int check_status(const struct stage *stage, const struct cartefile_instruction *at,
                        int status, int output, struct error *err)
{
    AUTO_TEXT struct text tail = { 0 };

    if (status == 0)
        return 0;
    if (stage->builder->request->output_fd < 0)
        read_tail(output, &tail);
    return error_set(err, ERROR_SYSTEM, "%s:%zu:%zu: %.200s: ended with exit status %d%s%s",
                     stage->builder->cartefile->path, at->line, at->column, at->display, status,
                     tail.length > 0 ? ":\n" : "", text_get(&tail));
}

static int launch(const struct stage *stage, const struct cartefile_instruction *at,
                  struct container_spec *spec, struct error *err)
{
    const struct build_request *request = stage->builder->request;
    const struct strings_pair *flag = strings_map_find(&at->flags, "network");
    const char *network = flag ? flag->value : request->network;
    AUTO_CLOSE int output = -1;
    int status = 0;

    if (!request->run)
        return cartefile_error(stage->builder->cartefile, at, err, "RUN cannot be done here");
    if (!network)
        network = "default";
    if (strcmp(network, "default") != 0 && strcmp(network, "none") != 0 &&
        strcmp(network, "host") != 0)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "network '%s' of RUN: expected default, none or host", network);
    if (request->output_fd < 0)
        output = memfd_create("output", MFD_CLOEXEC);
    spec->program.stdout_fd = spec->program.stderr_fd =
        request->output_fd < 0 ? output : request->output_fd;
    if (request->run(request->callback_context, spec, network, &status, err) < 0)
        return cartefile_wrap(stage->builder->cartefile, at, err);
    return check_status(stage, at, status, output, err);
}

/* Mount points that the runtime made for /proc, /dev and the like are no part of the image. */
static int remove_mount_points(const struct stage *stage, const struct step_mounts *mounts,
                               int tree, struct error *err)
{
    AUTO(merged) struct merged *base = merged_open(&stage->layers, err);
    AUTO_STRINGS struct strings paths = { 0 };

    if (!base)
        return -1;
    step_mounts_list_targets(mounts, &paths);
    return mount_points_remove(base, tree, &paths, err);
}

/* What stands beside the layer's tree is used up. */
static int remove_work(const struct stage *stage, const struct stage_layer *layer,
                       struct error *err)
{
    static const char *const names[] = { "work", "mounts", "script" };

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        AUTO_FREE char *path = alloc_format("%s/%s", layer->work, names[i]);

        if (file_remove_tree(stage->builder->session->fd, path, err) < 0)
            return -1;
    }
    return 0;
}

/* A script with a program of its own is a file that is not in the layer. */
static int add_script(const struct stage *stage, const struct cartefile_instruction *at,
                      const struct stage_layer *layer, char **path_out, struct error *err)
{
    const struct builder *builder = stage->builder;
    const char *script = run_command_find_script(at);
    AUTO_FREE char *folder = alloc_format("%s/script", layer->work);
    AUTO_FREE char *path = alloc_format("%s/file", folder);

    if (!script)
        return 0;
    if (mkdirat(builder->session->fd, folder, 0700) < 0)
        return error_set_errno(err, errno, "make folder '%s'", folder);
    if (file_replace(builder->session->fd, path, script, strlen(script), FILE_VOLATILE(0755), err) <
        0)
        return -1;
    *path_out = store_session_path(builder->store, builder->session, path);
    return 0;
}

static int run_in_layer(struct stage *stage, const struct cartefile_instruction *at,
                        struct container_spec *spec, struct step_mounts *mounts,
                        struct stage_layer *layer, struct error *err)
{
    const struct builder *builder = stage->builder;
    AUTO_FREE char *folder = NULL;
    AUTO_FREE char *upper = NULL;
    AUTO_FREE char *work = NULL;
    AUTO_FREE char *script = NULL;
    AUTO_FREE struct container_mount *all = NULL;
    int result = 0;

    if (stage_begin_layer(stage, layer, err) < 0)
        return -1;
    folder = store_session_path(builder->store, builder->session, layer->work);
    upper = alloc_format("%s/tree", folder);
    work = alloc_format("%s/work", folder);
    if (mkdir(work, 0700) < 0)
        return error_set_errno(err, errno, "make folder '%s'", work);
    spec->upper = upper;
    spec->work = work;
    if (step_mounts_prepare(stage, mounts, layer->work, spec, err) < 0)
        return cartefile_wrap(stage->builder->cartefile, at, err);
    if (add_script(stage, at, layer, &script, err) < 0)
        return -1;
    if (script) {
        all = alloc_array(struct container_mount, spec->mount_count + 1);
        for (size_t i = 0; i < spec->mount_count; i++)
            all[i] = spec->mounts[i];
        all[spec->mount_count++] = (struct container_mount){
            .source = script,
            .target = RUN_COMMAND_SCRIPT,
            .read_only = true,
        };
        spec->mounts = all;
    }
    if (session_note_container(builder->session, spec->id, err) < 0)
        return -1;
    result = launch(stage, at, spec, err);
    session_forget_container(builder->session, spec->id);
    if (result < 0 || remove_work(stage, layer, err) < 0)
        return -1;
    return remove_mount_points(stage, mounts, layer->tree, err);
}

static int run_spec(struct stage *stage, const struct cartefile_instruction *at,
                    struct container_spec *spec, struct step_mounts *mounts, struct error *err)
{
    AUTO_STAGE_LAYER struct stage_layer layer = { .tree = -1 };
    AUTO_FREE char *id = NULL;
    char key[HASH_SHA256_HEX_SIZE];
    bool done = false;

    if (make_key(stage, at, spec, mounts, key, err) < 0 ||
        stage_reuse(stage, at, key, &done, err) < 0)
        return -1;
    if (done)
        return 0;
    id = alloc_format("build-%.12s-%d", key, (int)getpid());
    spec->id = id;
    add_proxies(stage, &spec->program.env);
    if (run_in_layer(stage, at, spec, mounts, &layer, err) < 0)
        return -1;
    return stage_commit_layer(stage, at, key, &layer, err);
}

static int set_security(const struct stage *stage, const struct cartefile_instruction *at,
                        struct container_spec *spec, struct error *err)
{
    const struct strings_pair *flag = strings_map_find(&at->flags, "security");

    if (!flag || strcmp(flag->value, "sandbox") == 0)
        return 0;
    if (strcmp(flag->value, "insecure") != 0)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "security '%s' of RUN: expected sandbox or insecure", flag->value);
    if (!stage->builder->request->allow_insecure)
        return cartefile_error(stage->builder->cartefile, at, err,
                               "RUN --security=insecure has all rights on this machine: allow it "
                               "with --allow security.insecure");
    spec->program.privileged = true;
    spec->program.allow_new_privileges = true;
    spec->program.capabilities = capability_all();
    return 0;
}

int build_run_step(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    const struct image_config *config = &stage->manifest->config;
    struct container_spec spec = {
        .lower = stage->layers,
        .hostname = "build",
        .program = {
            .cwd = text_is_empty(config->working_dir) ? NULL : config->working_dir,
            .user = text_is_empty(config->user) ? NULL : config->user,
            .capabilities = capability_default(),
            .stdin_fd = -1,
        },
    };
    AUTO_STEP_MOUNTS struct step_mounts mounts = { 0 };
    int result = -1;

    make_env(stage, &spec.program.env);
    run_command_args(stage, at, &spec.program.args);
    if (step_mounts_read(stage, at, &mounts, err) == 0 && set_security(stage, at, &spec, err) == 0)
        result = run_spec(stage, at, &spec, &mounts, err);
    strings_done(&spec.program.args);
    strings_done(&spec.program.env);
    return result;
}

static int end_container(const char *id, struct error *err)
{
    if (container_kill_all(NULL, id, END_MS, err) < 0)
        return -1;
    return container_destroy(NULL, id, err);
}

int build_run_sweep(const struct builder *builder, struct error *err)
{
    return session_each_container(builder->store_fd, end_container, err);
}
