/* SPDX-License-Identifier: MIT */

/*
 * Writes what is made from the tables: generate FOLDER
 */

#include <fcntl.h>
#include <stdio.h>

#include "cli/document.h"
#include "cli/document_cartefile.h"
#include "cli/document_completion.h"
#include "cli/document_man.h"
#include "cli/program.h"
#include "oci/config.h"
#include "stack/schema.h"
#include "stack/schema_reference.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

static int write_one(const char *root, const char *folder, const char *name,
                     void (*write)(struct text *out), struct error *err)
{
    AUTO_FREE char *directory = alloc_format("%s/%s", root, folder);
    AUTO_FREE char *path = alloc_format("%s/%s", directory, name);
    AUTO_TEXT struct text text = { 0 };

    write(&text);
    if (file_make_folders(directory, 0755, err) < 0)
        return -1;
    return file_replace(AT_FDCWD, path, text_get(&text), text.length, FILE_VOLATILE(0644), err);
}

static void write_stack_man(struct text *out)
{
    document_man_format(&program_stack, out);
}

static void write_carte_man(struct text *out)
{
    document_man_format(&program_carte, out);
}

static void write_oci_man(struct text *out)
{
    document_man_format(&program_oci, out);
}

static void write_stack_completion(struct text *out)
{
    document_completion_format(&program_stack, out);
}

static void write_carte_completion(struct text *out)
{
    document_completion_format(&program_carte, out);
}

static const struct {
    const char *folder, *name;
    void (*write)(struct text *out);
} files[] = {
    { "schema", "stack.schema.json", schema_write_json },
    { "docs/reference", "stack.md", schema_reference_write },
    { "tests/fuzz", "fuzz_stack.dict", schema_write_dictionary },
    { "docs/reference", "cartefile.md", document_cartefile_format },
    { "tests/fuzz", "fuzz_cartefile.dict", document_cartefile_format_dictionary },
    { "tests/fuzz", "fuzz_config.dict", config_write_dictionary },
    { "docs/reference", "commands.md", document_format_commands },
    { "docs/reference", "exit-codes.md", document_format_exit_codes },
    { "docs/man", "carte-stack.1", write_stack_man },
    { "docs/man", "carte.1", write_carte_man },
    { "docs/man", "carte-oci.1", write_oci_man },
    { "completions", "carte-stack.bash", write_stack_completion },
    { "completions", "carte.bash", write_carte_completion },
};

int main(int argc, char **argv)
{
    const char *root = argc > 1 ? argv[1] : ".";
    struct error err = { 0 };

    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (write_one(root, files[i].folder, files[i].name, files[i].write, &err) == 0)
            continue;
        fprintf(stderr, "generate: %s\n", err.text);
        return 1;
    }
    return 0;
}
