/* SPDX-License-Identifier: MIT */

/*
 * Building images, with progress
 */

#include "cli/image_builder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build/platform.h"
#include "cli/build_inputs.h"
#include "cli/build_network.h"
#include "cli/output.h"
#include "cli/registry_job.h"
#include "cli/run_step.h"
#include "image/registry_pull.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/file.h"
#include "util/log.h"

/* One image that is being built. */
struct job {
    const struct image_builder *builder;
    char *item; /* "Image metaverse-login" */
};

static int pull(const struct image_builder *builder, const char *name, struct error *err)
{
    const struct registry_job job = {
        .store = builder->store,
        .progress = builder->progress,
        .insecure = builder->insecure,
    };

    return registry_job_pull(&job, name, NULL, err);
}

void image_builder_add_args(const struct strings *args, struct strings_map *map)
{
    for (size_t i = 0; args && i < args->count; i++) {
        const char *equals = strchr(args->items[i], '=');
        AUTO_FREE char *key = NULL;

        if (!equals) {
            strings_map_set(map, args->items[i], getenv(args->items[i]));
            continue;
        }
        key = alloc_text_part(args->items[i], (size_t)(equals - args->items[i]));
        strings_map_set(map, key, equals + 1);
    }
}

static void show_step(void *context, size_t step, size_t step_count, const char *instruction,
                      bool cached)
{
    struct job *job = context;
    AUTO_TEXT struct text status = { 0 };

    text_add_format(&status, "%s[%zu/%zu] %s", cached ? "CACHED " : "", step, step_count,
                    instruction);
    progress_update(job->builder->progress, job->item, PROGRESS_WORKING, text_get(&status));
}

/* A build_run_fn gets the context of the job; the container needs none. */
static int run_container(void *context, struct container_spec *spec, const char *network,
                         int *exit_status_out, struct error *err)
{
    (void)context;
    return run_step_run(NULL, spec, network, exit_status_out, err);
}

/* A build_pull_fn. */
static int pull_base(void *context, const char *name, struct error *err)
{
    const struct job *job = context;

    return pull(job->builder, name, err);
}

/* What stays is in nobody's way, and the next build tries again. */
static void sweep_networks(void)
{
    struct error err = { 0 };

    if (build_network_sweep(&err) < 0)
        log_warn("leftovers of a build could not be removed", LOG_TEXT("why", err.text));
}

/* What is told of a Cartefile, before the error's own line. */
static void print_report(const struct image_builder *builder, const struct build_request *request)
{
    const struct diagnostics *diagnostics = request->diagnostics;
    bool is_wanted = builder->findings || builder->progress->mode != PROGRESS_QUIET ||
                     diagnostics->error_count > 0;
    AUTO_TEXT struct text out = { 0 };
    struct error ignored = { 0 };

    if (is_wanted)
        diagnostic_format(diagnostics, output_has_colour(STDERR_FILENO), &out);
    text_add(&out, text_get(request->excerpt));
    if (out.length == 0)
        return;
    progress_rest(builder->progress);
    if (file_write_all(STDERR_FILENO, text_get(&out), out.length, &ignored) < 0)
        error_clear(&ignored);
}

/* Mistakes were printed, each with its place. */
static int shorten_error(const struct diagnostics *diagnostics, struct error *err)
{
    const char *file = diagnostics->count > 0 ? diagnostics->items[0].file : NULL;
    size_t count = diagnostics->error_count;

    if (count == 0 || !file)
        return -1;
    error_clear(err);
    return error_set(err, ERROR_INVALID, "%s has %zu mistake%s", file, count,
                     count == 1 ? "" : "s");
}

static int build(const struct image_builder *builder, const char *label,
                 struct build_request *request, struct image **image_out, struct error *err)
{
    AUTO_FREE char *item = alloc_format("Image %s", label);
    struct job job = { builder, item };

    sweep_networks();
    request->no_cache = request->no_cache || builder->no_cache;
    request->run = run_container;
    request->progress = show_step;
    request->pull = pull_base;
    request->callback_context = &job;
    /* Lines may stand between those of progress; in a block they would tear it. */
    request->output_fd = builder->progress->mode == PROGRESS_LINES ? STDERR_FILENO : -1;
    progress_update(builder->progress, item, PROGRESS_WORKING, "Building");
    if (build_image(builder->store, request, image_out, err) < 0) {
        progress_update(builder->progress, item, PROGRESS_FAILED, "Error");
        return -1;
    }
    progress_update(builder->progress, item, PROGRESS_DONE, "Built");
    return 0;
}

static int check(const struct image_builder *builder, const struct build_request *request,
                 struct error *err)
{
    size_t findings = 0;

    if (build_check(builder->store, request, &findings, err) < 0)
        return -1;
    *builder->findings += findings;
    return 0;
}

int image_builder_build(const struct image_builder *builder, const char *label,
                        struct build_request *request, struct image **image_out, struct error *err)
{
    struct diagnostics diagnostics = { 0 };
    AUTO_TEXT struct text excerpt = { 0 };
    AUTO(image) struct image *image = NULL;
    int result;

    image_builder_add_args(builder->args, &request->args);
    request->diagnostics = &diagnostics;
    request->excerpt = &excerpt;
    result = builder->findings ? check(builder, request, err)
                               : build(builder, label, request, &image, err);
    print_report(builder, request);
    if (result < 0)
        shorten_error(&diagnostics, err);
    diagnostic_done(&diagnostics);
    request->diagnostics = NULL;
    request->excerpt = NULL;
    if (result < 0)
        return error_wrap(err, "%s '%s'", builder->findings ? "check" : "build", label);
    if (image_out)
        *image_out = STEAL_PTR(image);
    return 0;
}

/* Caches of a stack file may be of kinds that other builders know: the build goes on without. */
static void add_caches(const struct strings *caches, const struct service *service,
                       struct strings *out)
{
    for (size_t i = 0; i < caches->count; i++) {
        if (strstr(caches->items[i], "type=local"))
            strings_add(out, caches->items[i]);
        else
            log_warn("a build cache is left out: only type=local is built yet",
                     LOG_TEXT("service", service->name), LOG_TEXT("cache", caches->items[i]));
    }
}

static const struct stack_file *find_secret(const struct stack *stack, const char *key)
{
    for (size_t i = 0; stack && i < stack->secret_count; i++) {
        if (strcmp(stack->secrets[i].key, key) == 0)
            return &stack->secrets[i];
    }
    return NULL;
}

/* The path may have a comma in it, so it is not spelt as the option. */
static int add_secret(const struct stack *stack, const struct service_file *use,
                      struct build_inputs *inputs, struct error *err)
{
    const struct stack_file *file = find_secret(stack, use->source);

    if (!file || (!file->path && !file->environment))
        return error_set(err, ERROR_UNSUPPORTED,
                         "the secret '%s' cannot be had for a build: it needs 'file' or "
                         "'environment' at the top",
                         use->source);
    return build_inputs_add_secret_of(inputs, use->target, file->path, file->environment, err);
}

static int add_map(const struct strings_map *map, struct build_inputs *inputs,
                   build_inputs_add_fn add, struct error *err)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct strings_pair *pair = &map->pairs[i];
        AUTO_FREE char *text =
            pair->value ? alloc_format("%s=%s", pair->key, pair->value) : alloc_text(pair->key);

        if (add(inputs, text, err) < 0)
            return -1;
    }
    return 0;
}

static int read_inputs(const struct image_builder *builder, const struct service *service,
                       struct build_inputs *out, struct error *err)
{
    const struct service_build *build = &service->build;

    for (size_t i = 0; i < build->secret_count; i++) {
        if (add_secret(builder->stack, &build->secrets[i], out, err) < 0)
            return error_wrap(err, "service '%s'", service->name);
    }
    if (add_map(&build->ssh, out, build_inputs_add_ssh, err) < 0 ||
        add_map(&build->contexts, out, build_inputs_add_context, err) < 0 ||
        build_inputs_add_each(out, &build->entitlements, build_inputs_add_right, err) < 0)
        return error_wrap(err, "service '%s'", service->name);
    return 0;
}

/* Programs of other platforms are not emulated. */
static int check_platform(const struct service *service, struct error *err)
{
    AUTO_FREE char *own = platform_own();
    bool is_own = true;

    if (!service->platform)
        return 0;
    if (platform_is_own(service->platform, &is_own, err) < 0)
        return error_wrap(err, "service '%s': platform", service->name);
    if (!is_own)
        return error_set(err, ERROR_UNSUPPORTED,
                         "service '%s': its platform is '%s', and this machine's is %s",
                         service->name, service->platform, own);
    return 0;
}

int image_builder_build_service(const struct image_builder *builder, const struct service *service,
                                struct error *err)
{
    const struct service_build *build = &service->build;
    AUTO_FREE char *cartefile = NULL;
    struct build_request request = {
        .context_folder = build->context,
        .cartefile_text = build->dockerfile_inline,
        .target = build->target,
        .network = build->network,
        .no_cache = build->no_cache,
    };
    AUTO_BUILD_INPUTS struct build_inputs inputs = { 0 };
    int result;

    if (check_platform(service, err) < 0 || read_inputs(builder, service, &inputs, err) < 0)
        return -1;
    build_inputs_apply(&inputs, &request);
    if (build->dockerfile && build->dockerfile[0] != '/')
        cartefile = alloc_format("%s/%s", build->context, build->dockerfile);
    else
        cartefile = alloc_text(build->dockerfile);
    request.cartefile = cartefile;
    strings_map_copy(&request.args, &build->args);
    strings_map_copy(&request.labels, &build->labels);
    strings_copy(&request.names, &build->tags);
    strings_add(&request.names, service->image);
    strings_copy(&request.no_cache_stages, &build->no_cache_filter);
    add_caches(&build->cache_from, service, &request.cache_from);
    add_caches(&build->cache_to, service, &request.cache_to);
    result = image_builder_build(builder, service->image, &request, NULL, err);
    strings_map_done(&request.args);
    strings_map_done(&request.labels);
    strings_done(&request.names);
    strings_done(&request.no_cache_stages);
    strings_done(&request.cache_from);
    strings_done(&request.cache_to);
    return result;
}

static int is_missing(struct store *store, const char *name, bool *out, struct error *err)
{
    AUTO(image) struct image *image = NULL;

    if (store_find_image(store, name, &image, err) < 0)
        return error_wrap(err, "image '%s'", name);
    *out = !image;
    return 0;
}

static enum service_pull policy_of(const struct image_builder *builder,
                                   const struct service *service)
{
    if (!builder->pull_policy)
        return service->pull_policy;
    return strcmp(builder->pull_policy, "always") == 0  ? SERVICE_PULL_ALWAYS
           : strcmp(builder->pull_policy, "never") == 0 ? SERVICE_PULL_NEVER
                                                        : SERVICE_PULL_MISSING;
}

static int pull_service(const struct image_builder *builder, const struct service *service,
                        struct error *err)
{
    if (pull(builder, service->image, err) < 0)
        return error_wrap(err, "service '%s'", service->name);
    return 0;
}

/* Whether the registry was last asked so long ago that it is to be asked again. */
static int is_due(struct store *store, const struct service *service, bool *out, struct error *err)
{
    int64_t pulled_ms = 0;

    if (registry_pull_find_time(store, service->image, &pulled_ms, err) < 0)
        return error_wrap(err, "service '%s'", service->name);
    *out = clock_wall_ms() - pulled_ms >= service->pull_refresh_after_ms;
    return 0;
}

static int prepare(const struct image_builder *builder, const struct service *service,
                   enum image_builder_choice choice, struct error *err)
{
    enum service_pull policy = policy_of(builder, service);
    bool can_build = service->build.present && choice != IMAGE_BUILDER_NONE;
    bool missing = true, due = false;

    if (can_build && (choice == IMAGE_BUILDER_ALL || policy == SERVICE_PULL_BUILD))
        return image_builder_build_service(builder, service, err);
    if (policy == SERVICE_PULL_ALWAYS && !service->build.present)
        return pull_service(builder, service, err);
    if (is_missing(builder->store, service->image, &missing, err) < 0)
        return -1;
    if (!missing && policy == SERVICE_PULL_REFRESH && !service->build.present &&
        is_due(builder->store, service, &due, err) < 0)
        return -1;
    if (!missing)
        return due ? pull_service(builder, service, err) : 0;
    if (can_build)
        return image_builder_build_service(builder, service, err);
    if (service->build.present)
        return error_set(err, ERROR_NOT_FOUND,
                         "service '%s': image '%s' is not built yet; leave --no-build away",
                         service->name, service->image);
    if (policy == SERVICE_PULL_NEVER)
        return error_set(err, ERROR_NOT_FOUND,
                         "service '%s': image '%s' is not in the store, and is never pulled; fetch "
                         "it with 'carte pull %s'",
                         service->name, service->image, service->image);
    return pull_service(builder, service, err);
}

/* Services may share an image that one of them builds. */
static const struct service *find_maker(const struct stack *stack, const struct service *service)
{
    for (size_t i = 0; i < stack->service_count && !service->build.present; i++) {
        const struct service *other = &stack->services[i];

        if (other->build.present && strcmp(other->image, service->image) == 0)
            return other;
    }
    return service;
}

static bool is_chosen(const struct strings *names, const struct service *service)
{
    return names->count == 0 || strings_has(names, service->name);
}

int image_builder_prepare(const struct image_builder *builder, const struct stack *stack,
                          const struct strings *names, enum image_builder_choice choice,
                          struct error *err)
{
    AUTO_FREE size_t *order = alloc_array(size_t, MAX(stack->service_count, (size_t)1));
    AUTO_STRINGS struct strings done = { 0 };

    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];

        if (is_chosen(names, service) && check_platform(service, err) < 0)
            return -1;
    }
    stack_order(stack, order);
    for (size_t i = 0; i < stack->service_count; i++) {
        const struct service *service = &stack->services[order[i]];

        if (!is_chosen(names, service))
            continue;
        if (strings_has(&done, service->image))
            continue;
        if (prepare(builder, find_maker(stack, service), choice, err) < 0)
            return -1;
        strings_add(&done, service->image);
    }
    return 0;
}
