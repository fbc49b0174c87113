/* SPDX-License-Identifier: MIT */

/*
 * Any bytes are a stack file: loading them reports mistakes or gives a model that reads back
 * the same.
 */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/stack.h"
#include "util/error.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct stack *load(const void *data, size_t size, bool resolved, struct text *messages)
{
    struct stack_options options = { .project_name = "fuzz", .resolved = resolved };
    struct diagnostics diagnostics = { 0 };
    struct error err = { 0 };
    struct stack *stack = NULL;
    char path[48];
    int fd = memfd_create("stack", MFD_CLOEXEC);

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    strings_add(&options.files, path);
    stack = stack_load(&options, &diagnostics, &err);
    assert((stack == NULL) == (err.code != ERROR_NONE));
    diagnostic_format(&diagnostics, false, messages);
    diagnostic_done(&diagnostics);
    strings_done(&options.files);
    close(fd);
    return stack;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    AUTO_TEXT struct text messages = { 0 };
    AUTO_TEXT struct text first = { 0 };
    AUTO_TEXT struct text second = { 0 };
    AUTO(stack) struct stack *stack = load(data, size, false, &messages);
    AUTO(stack) struct stack *again = NULL;

    if (!stack)
        return 0;
    stack_format(stack, &first);
    again = load(text_get(&first), first.length, true, &messages);
    if (!again) {
        fprintf(stderr, "%s\n%s\n", text_get(&first), text_get(&messages));
        abort();
    }
    stack_format(again, &second);
    if (strcmp(text_get(&first), text_get(&second)) != 0) {
        fprintf(stderr, "%s\n--- and then\n%s\n", text_get(&first), text_get(&second));
        abort();
    }
    return 0;
}
