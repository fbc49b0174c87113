/* SPDX-License-Identifier: MIT */

/*
 * Writes what is made from the tables: generate FOLDER
 */

#include <fcntl.h>
#include <stdio.h>

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
    return file_replace(AT_FDCWD, path, text_get(&text), text.length, 0644, FILE_VOLATILE, err);
}

int main(int argc, char **argv)
{
    const char *root = argc > 1 ? argv[1] : ".";
    struct error err = { 0 };

    if (write_one(root, "schema", "stack.schema.json", schema_write_json, &err) == 0 &&
        write_one(root, "docs/reference", "stack.md", schema_reference_write, &err) == 0)
        return 0;
    fprintf(stderr, "generate: %s\n", err.text);
    return 1;
}
