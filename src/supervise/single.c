/* SPDX-License-Identifier: MIT */

/*
 * Single containers: services of one replica in the stack named `carte`
 */

#include "supervise/single.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/stack.h"
#include "supervise/revisions.h"
#include "supervise/supervisor.h"
#include "util/alloc.h"
#include "util/diagnostic.h"
#include "util/error.h"
#include "util/file.h"
#include "util/place.h"
#include "util/strings.h"
#include "util/text.h"

int single_lock(bool waits, int *out, struct error *err)
{
    AUTO_FREE char *folder = place_in_root("stacks");
    AUTO_FREE char *path = place_in_root("stacks/%s.lock", SINGLE_PROJECT);
    AUTO_CLOSE int fd = -1;

    if (file_make_folders(folder, 0700, err) < 0)
        return -1;
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(err, errno, "open '%s'", path);
    while (flock(fd, LOCK_EX | (waits ? 0 : LOCK_NB)) < 0) {
        if (errno == EWOULDBLOCK)
            return error_set(err, ERROR_EXISTS, "'%s' is locked", path);
        if (errno != EINTR)
            return error_set_errno(err, errno, "lock '%s'", path);
    }
    *out = STEAL_FD(fd);
    return 0;
}

/* The stored stack; *out is NULL when there is none. */
static int load_stored(struct stack **out, struct error *err)
{
    uint64_t number = 0;

    *out = NULL;
    if (revisions_find_current(SINGLE_PROJECT, &number, err) == 0)
        return revisions_load(SINGLE_PROJECT, number, out, err);
    if (err->code != ERROR_NOT_FOUND)
        return -1;
    error_clear(err);
    return 0;
}

/* Whose words a message is to use; NULL: those of the stack file. */
struct author {
    const char *service;
    single_spelling_fn spelling;
};

/* "services.web.mem_limit" is what the user wrote as --memory. */
static void add_mistake(const struct author *author, const struct diagnostic *mistake,
                        struct text *out)
{
    AUTO_FREE char *prefix = alloc_format("services.%s.", author ? author->service : "");
    bool is_own = author && mistake->path && text_starts_with(mistake->path, prefix);
    const char *place = is_own ? mistake->path + strlen(prefix) : mistake->path;
    AUTO_FREE char *key = alloc_text_part(place ? place : "", strcspn(place ? place : "", "["));
    const char *option = is_own ? author->spelling(key) : NULL;

    if (out->length > 0)
        text_add_char(out, '\n');
    if (option)
        text_add_format(out, "option '%s': %s", option, mistake->text);
    else if (place && *place && !(author && text_starts_with(prefix, place)))
        text_add_format(out, "%s: %s", place, mistake->text);
    else
        text_add(out, mistake->text);
}

/* With an author, what has no effect is a mistake, too: nobody would see a warning. */
static void list_mistakes(const struct diagnostics *diagnostics, const struct author *author,
                          struct text *out)
{
    for (size_t i = 0; i < diagnostics->count; i++)
        if (diagnostics->items[i].severity == DIAGNOSTIC_ERROR || author)
            add_mistake(author, &diagnostics->items[i], out);
}

/* Load stack files as they are. With mistakes *err has all of them. */
static int load_files(const struct strings *files, const struct author *author, struct stack **out,
                      struct error *err)
{
    const struct stack_options options = {
        .files = *files,
        .project_name = SINGLE_PROJECT,
        .resolved = true,
    };
    struct diagnostics diagnostics = { 0 };
    AUTO_TEXT struct text mistakes = { 0 };
    AUTO(stack) struct stack *stack = stack_load(&options, &diagnostics, err);

    if (!stack || author)
        list_mistakes(&diagnostics, author, &mistakes);
    diagnostic_done(&diagnostics);
    if (mistakes.length > 0) {
        error_clear(err);
        return error_set(err, ERROR_INVALID, "%s", text_get(&mistakes));
    }
    *out = STEAL_PTR(stack);
    return *out ? 0 : -1;
}

/* A file of its own without a name. */
static int open_text(const char *text, char path[32], int *out, struct error *err)
{
    AUTO_CLOSE int fd = memfd_create("stack", MFD_CLOEXEC);

    if (fd < 0)
        return error_set_errno(err, errno, "make a file in memory");
    if (file_write_all(fd, text, strlen(text), err) < 0)
        return -1;
    snprintf(path, 32, "/proc/self/fd/%d", fd);
    *out = STEAL_FD(fd);
    return 0;
}

static int load_text(const char *text, bool with_stored, const struct author *author,
                     struct stack **out, struct error *err)
{
    AUTO_STRINGS struct strings files = { 0 };
    AUTO_CLOSE int fd = -1;
    char path[32];

    if (open_text(text, path, &fd, err) < 0)
        return -1;
    if (with_stored)
        strings_take(&files, place_in_root("stacks/%s/stack.yaml", SINGLE_PROJECT));
    strings_add(&files, path);
    return load_files(&files, author, out, err);
}

/* Networks of others are named for as long as a container is on them. */
static int store(struct stack *stack, struct error *err)
{
    uint64_t number = 0;

    stack_forget_external_networks(stack);
    return revisions_store(stack, &number, err);
}

int single_ensure(struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;

    if (load_stored(&stack, err) < 0)
        return -1;
    if (!stack &&
        (load_text("name: " SINGLE_PROJECT "\nservices: {}\n", false, NULL, &stack, err) < 0 ||
         store(stack, err) < 0))
        return -1;
    return supervisor_ensure(SINGLE_PROJECT, err);
}

static struct service *find_service(const struct stack *stack, const char *name)
{
    for (size_t i = 0; stack && i < stack->service_count; i++)
        if (strcmp(stack->services[i].name, name) == 0)
            return &stack->services[i];
    return NULL;
}

/* Has another than `own` (NULL: any) the name? One that was renamed keeps its first one, too. */
static bool is_taken(const struct stack *stack, const char *name, const struct service *own)
{
    for (size_t i = 0; stack && i < stack->service_count; i++)
        if (&stack->services[i] != own && (strcmp(stack->services[i].name, name) == 0 ||
                                           text_equal(stack->services[i].container_name, name)))
            return true;
    return false;
}

int single_add(const char *name, const char *text, single_spelling_fn spelling, struct error *err)
{
    const struct author author = { name, spelling };
    AUTO(stack) struct stack *stack = NULL;
    AUTO(stack) struct stack *fresh = NULL;

    if (load_stored(&stack, err) < 0)
        return -1;
    if (is_taken(stack, name, NULL))
        return error_set(err, ERROR_EXISTS,
                         "the name '%s' is in use: remove that container (carte rm %s), or choose "
                         "another name",
                         name, name);
    if (load_text(text, stack, &author, &fresh, err) < 0)
        return -1;
    return store(fresh, err);
}

/* What was changed here is read as what users write is: what cannot be read again is not stored. */
static int check_changed(const struct stack *stack, const struct author *author, struct error *err)
{
    AUTO(stack) struct stack *again = NULL;
    AUTO_TEXT struct text text = { 0 };

    stack_format(stack, &text);
    return load_text(text_get(&text), false, author, &again, err);
}

int single_edit(const char *name, single_change_fn change, void *context,
                single_spelling_fn spelling, struct error *err)
{
    const struct author author = { name, spelling };
    AUTO(stack) struct stack *stack = NULL;
    struct service *service = NULL;

    if (load_stored(&stack, err) < 0)
        return -1;
    service = find_service(stack, name);
    if (!service)
        return error_set(err, ERROR_NOT_FOUND, "there is no container '%s'", name);
    change(context, service);
    if (check_changed(stack, &author, err) < 0)
        return error_wrap(err, "container '%s'", name);
    return store(stack, err);
}

int single_rename(const char *name, const char *to, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;
    struct service *service = NULL;

    if (load_stored(&stack, err) < 0)
        return -1;
    service = find_service(stack, name);
    if (!service)
        return error_set(err, ERROR_NOT_FOUND, "there is no container '%s'", name);
    if (is_taken(stack, to, service))
        return error_set(err, ERROR_EXISTS, "the name '%s' is in use: choose another", to);
    free(service->container_name);
    service->container_name = alloc_text(to);
    return store(stack, err);
}

static int check_unjoined(const struct stack *stack, const struct strings *names, struct error *err)
{
    for (size_t i = 0; stack && i < stack->service_count; i++) {
        const struct service *service = &stack->services[i];
        const char *joined = stack_find_joined(service);

        if (joined && strings_has(names, joined) && !strings_has(names, service->name))
            return error_set(err, ERROR_EXISTS,
                             "container '%s' is on the network of '%s': remove it first",
                             service->name, joined);
    }
    return 0;
}

int single_check_removal(const struct strings *names, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;

    return load_stored(&stack, err) < 0 ? -1 : check_unjoined(stack, names, err);
}

int single_remove(const struct strings *names, size_t *left_out, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;

    *left_out = 0;
    if (load_stored(&stack, err) < 0 || !stack)
        return err->code == ERROR_NONE ? 0 : -1;
    if (check_unjoined(stack, names, err) < 0)
        return -1;
    for (size_t i = 0; i < names->count; i++)
        stack_remove_service(stack, names->items[i]);
    *left_out = stack->service_count;
    return store(stack, err);
}

int single_find_on_network(const char *name, bool *out, struct error *err)
{
    AUTO(stack) struct stack *stack = NULL;

    *out = false;
    if (load_stored(&stack, err) < 0)
        return -1;
    for (size_t i = 0; stack && i < stack->network_count; i++)
        *out = *out || (stack->networks[i].external && strcmp(stack->networks[i].name, name) == 0);
    return 0;
}
