/* SPDX-License-Identifier: MIT */

/*
 * The stack: one or several files, resolved and checked
 *
 * The documents of all files are laid on one tree (assemble.c), which is decoded, completed and
 * checked. A mistake in one step does not keep the next from looking for more, as long as
 * there is a tree.
 */

#include "stack/stack.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stack/assemble.h"
#include "stack/check.h"
#include "stack/decode.h"
#include "stack/environment.h"
#include "stack/interpolate.h"
#include "stack/locate.h"
#include "stack/tables.h"
#include "util/alloc.h"
#include "util/error.h"

struct load {
    const struct stack_options *options;
    struct diagnostics *diagnostics;
    struct reading reading;
    struct strings files;
    struct assemble_run run;
    char *directory;
    char *name; /* of the project */
    struct node **documents;
    size_t document_count;
    struct node *root; /* all of them merged */
    bool unread;       /* a file could not be read at all */
};

/* ---- reading ---- */

static int read_file(struct load *load, const char *path, struct error *err)
{
    AUTO(node) struct node *documents = assemble_read(&load->run, path, err);

    if (!documents) {
        load->unread = true;
        return err->code == ERROR_NONE ? 0 : -1;
    }
    strings_add(&load->run.chain, path);
    for (size_t i = 0; i < documents->count; i++) {
        struct node_child *child = &documents->children[i];

        *ALLOC_APPEND(load->documents, load->document_count) = STEAL_PTR(child->value);
        child->value = node_new(NODE_NULL, &child->place);
    }
    return 0;
}

static int read_documents(struct load *load, struct error *err)
{
    AUTO_FREE char *cwd = getcwd(NULL, 0);

    if (locate_files(load->options, &load->files, err) < 0)
        return -1;
    load->directory = strcmp(load->files.items[0], "-") == 0 ? alloc_text(cwd ? cwd : "/")
                                                             : locate_folder(load->files.items[0]);
    load->reading.directory = load->directory;
    for (size_t i = 0; i < load->files.count; i++) {
        if (read_file(load, load->files.items[i], err) < 0)
            return -1;
    }
    return 0;
}

/* ---- the project's name ---- */

static char *find_written_name(struct load *load)
{
    AUTO_TEXT struct text out = { 0 };

    for (size_t i = load->document_count; i-- > 0;) {
        const char *name = node_find_text(load->documents[i], "name");
        struct interpolate_scope scope = { &load->run.variables, NULL, INTERPOLATE_BUDGET };
        struct error err = { 0 };

        if (!name)
            continue;
        if (load->options->resolved)
            return alloc_text(name);
        /* A mistake in it is reported when the whole document is interpolated. */
        if (interpolate_text(name, &scope, &out, &err) == 0)
            return text_steal(&out);
    }
    return NULL;
}

static void decide_name(struct load *load)
{
    const char *given = load->options->project_name;
    const struct strings_pair *variable =
        strings_map_find(&load->run.variables, "COMPOSE_PROJECT_NAME");
    AUTO_FREE char *written = find_written_name(load);
    const char *folder = strrchr(load->directory, '/');
    struct node nowhere = { 0 };

    if (!given && !load->options->resolved && variable && *variable->value)
        given = variable->value;
    if (given) {
        load->name = locate_normalize_name(given);
        if (strcmp(load->name, given) != 0)
            reading_error(&load->reading, &nowhere,
                          "the project name '%s' is not valid; write lower-case letters, digits, "
                          "'-' and '_'",
                          given);
    } else {
        load->name = locate_normalize_name(written && *written ? written : folder ? folder : "");
    }
    if (!*load->name && !given)
        reading_error(&load->reading, &nowhere,
                      "the project has no name; write 'name:' at the top, or give it with -p");
    strings_map_set(&load->run.variables, "COMPOSE_PROJECT_NAME", load->name);
}

/* ---- from documents to one tree ---- */

static void merge_documents(struct load *load)
{
    const struct diagnostics *diagnostics = load->reading.diagnostics;
    struct diagnostic_place top = { 0 };

    if (load->document_count > 0)
        top = load->documents[0]->place;
    /* An empty file has no document, but a beginning. */
    if (!top.file && diagnostics->source_count > 0)
        top = (struct diagnostic_place){ .file = diagnostics->sources[0]->file,
                                         .line = 1,
                                         .column = 1 };
    load->root = node_new(NODE_MAP, &top);
    for (size_t i = 0; i < load->document_count; i++)
        assemble_apply(&load->run, load->documents[i], load->root);
}

/* ---- profiles ---- */

static bool is_active(const struct load *load, const struct service *service)
{
    const struct strings_pair *variable =
        strings_map_find(&load->run.variables, "COMPOSE_PROFILES");
    const struct strings *asked = &load->options->profiles;

    if (service->profiles.count == 0 || load->options->resolved || strings_has(asked, "*"))
        return true;
    if (load->options->named && strings_has(load->options->named, service->name))
        return true;
    for (size_t i = 0; i < service->profiles.count; i++) {
        const char *profile = service->profiles.items[i];
        AUTO_FREE char *list = alloc_text(variable && variable->value ? variable->value : "");
        char *rest = list;

        if (strings_has(asked, profile))
            return true;
        for (char *one = strsep(&rest, ","); one; one = strsep(&rest, ",")) {
            if (strcmp(one, profile) == 0 || strcmp(one, "*") == 0)
                return true;
        }
    }
    return false;
}

static void remove_dependency(struct service *service, size_t index)
{
    free(service->depends_on[index].service);
    memmove(&service->depends_on[index], &service->depends_on[index + 1],
            (service->dependency_count - index - 1) * sizeof(service->depends_on[0]));
    service->dependency_count--;
}

/* Services whose profile is not active are not there; nor are wishes for them. */
static void drop_inactive(const struct load *load, struct stack *stack)
{
    size_t kept = 0;

    for (size_t i = 0; i < stack->service_count; i++) {
        if (is_active(load, &stack->services[i])) {
            stack->services[kept++] = stack->services[i];
            continue;
        }
        free(stack->services[i].name);
        decode_free(&service_object, &stack->services[i]);
    }
    stack->service_count = kept;
    for (size_t i = 0; i < kept; i++) {
        struct service *service = &stack->services[i];

        for (size_t n = service->dependency_count; n-- > 0;) {
            if (!service->depends_on[n].required &&
                !stack_find_service(stack, service->depends_on[n].service))
                remove_dependency(service, n);
        }
    }
}

static bool is_network_used(const struct stack *stack, const char *key)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        for (size_t n = 0; n < stack->services[i].network_count; n++) {
            if (strcmp(stack->services[i].networks[n].network, key) == 0)
                return true;
        }
    }
    return false;
}

static void drop_unused_networks(struct stack *stack)
{
    const struct field *field = field_find(&top_level_object, "networks");
    size_t kept = 0;

    for (size_t i = 0; i < stack->network_count; i++) {
        if (is_network_used(stack, stack->networks[i].key)) {
            stack->networks[kept++] = stack->networks[i];
            continue;
        }
        free(stack->networks[i].key);
        decode_free(field->object, &stack->networks[i]);
    }
    stack->network_count = kept;
}

/* ---- the whole ---- */

static struct stack *build_stack(struct load *load)
{
    struct stack *stack = alloc_new(struct stack);

    decode_object(&load->reading, &top_level_object, load->root, stack);
    free(stack->name);
    stack->name = alloc_text(load->name);
    stack->directory = alloc_text(load->directory);
    drop_inactive(load, stack);
    if (!load->options->resolved)
        environment_complete(&load->reading, load->root, stack, &load->run.variables);
    check_complete(stack);
    check_stack(&load->reading, load->root, stack);
    drop_unused_networks(stack);
    return stack;
}

static void load_done(struct load *load)
{
    strings_done(&load->files);
    assemble_done(&load->run);
    for (size_t i = 0; i < load->document_count; i++)
        node_free(load->documents[i]);
    free(load->documents);
    node_free(load->root);
    free(load->directory);
    free(load->name);
    reading_done(&load->reading);
}

static struct stack *run(struct load *load, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;

    if (read_documents(load, err) < 0)
        return NULL;
    environment_load(&load->run.variables);
    if (!load->options->resolved)
        environment_add_files(&load->reading, load->options, &load->run.variables);
    decide_name(load);
    if (!load->unread) {
        merge_documents(load);
        stack = build_stack(load);
    }
    if (load->diagnostics->error_count == 0)
        return STEAL_PTR(stack);
    error_set(err, ERROR_INVALID, "%zu mistake%s in the stack file", load->diagnostics->error_count,
              load->diagnostics->error_count == 1 ? "" : "s");
    return NULL;
}

struct stack *stack_load(const struct stack_options *options, struct diagnostics *diagnostics,
                         struct error *err)
{
    struct load load = {
        .options = options,
        .diagnostics = diagnostics,
        .reading = {
            .diagnostics = diagnostics,
            .home = getenv("HOME"),
            .loose = options->loose,
            .resolved = options->resolved,
        },
    };
    struct stack *stack = NULL;

    load.run.reading = &load.reading;
    load.run.budget = INTERPOLATE_BUDGET;
    stack = run(&load, err);
    load_done(&load);
    return stack;
}

void stack_free(struct stack *stack)
{
    if (!stack)
        return;
    decode_free(&top_level_object, stack);
    free(stack->directory);
    free(stack);
}

void stack_remove_service(struct stack *stack, const char *name)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        struct service *service = &stack->services[i];

        if (strcmp(service->name, name) != 0)
            continue;
        decode_free(&service_object, service);
        free(service->name);
        stack->service_count--;
        memmove(service, service + 1, (stack->service_count - i) * sizeof(*service));
        return;
    }
}

static bool is_on(const struct stack *stack, const char *network)
{
    for (size_t i = 0; i < stack->service_count; i++)
        for (size_t n = 0; n < stack->services[i].network_count; n++)
            if (strcmp(stack->services[i].networks[n].network, network) == 0)
                return true;
    return false;
}

void stack_forget_external_networks(struct stack *stack)
{
    for (size_t i = stack->network_count; i > 0; i--) {
        struct stack_network *network = &stack->networks[i - 1];

        if (!network->external || is_on(stack, network->key))
            continue;
        decode_free(&top_level_network, network);
        free(network->key);
        memmove(network, network + 1, (stack->network_count - i) * sizeof(*network));
        stack->network_count--;
    }
}

const struct service *stack_find_service(const struct stack *stack, const char *name)
{
    for (size_t i = 0; i < stack->service_count; i++) {
        if (strcmp(stack->services[i].name, name) == 0)
            return &stack->services[i];
    }
    return NULL;
}

const char *stack_find_joined(const struct service *service)
{
    static const char mark[] = "service:";

    return service->network_mode && text_starts_with(service->network_mode, mark)
               ? service->network_mode + sizeof(mark) - 1
               : NULL;
}

const struct stack_network *stack_find_network(const struct stack *stack, const char *key)
{
    for (size_t i = 0; i < stack->network_count; i++) {
        if (strcmp(stack->networks[i].key, key) == 0)
            return &stack->networks[i];
    }
    return NULL;
}

const struct stack_volume *stack_find_volume(const struct stack *stack, const char *key)
{
    for (size_t i = 0; i < stack->volume_count; i++) {
        if (strcmp(stack->volumes[i].key, key) == 0)
            return &stack->volumes[i];
    }
    return NULL;
}
