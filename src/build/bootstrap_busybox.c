/* SPDX-License-Identifier: MIT */

/*
 * The host's static busybox
 */

#include "build/bootstrap_busybox.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/bootstrap_tree.h"
#include "build/external.h"
#include "image/tree.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/text.h"

#define BUSYBOX_MAX (16U << 20)

/* What a program expects to find in a file system. */
static const struct {
    const char *path;
    mode_t mode;
    const char *content;
} files[] = {
    { "bin", S_IFDIR | 0755, NULL },
    { "dev", S_IFDIR | 0755, NULL },
    { "etc", S_IFDIR | 0755, NULL },
    { "home", S_IFDIR | 0755, NULL },
    { "proc", S_IFDIR | 0755, NULL },
    { "root", S_IFDIR | 0700, NULL },
    { "run", S_IFDIR | 0755, NULL },
    { "sys", S_IFDIR | 0755, NULL },
    { "tmp", S_IFDIR | 01777, NULL },
    { "usr", S_IFDIR | 0755, NULL },
    { "var", S_IFDIR | 0755, NULL },
    { "var/log", S_IFDIR | 0755, NULL },
    { "var/run", S_IFLNK | 0777, "/run" },
    { "var/tmp", S_IFDIR | 01777, NULL },
    { "var/www", S_IFDIR | 0755, NULL },
    { "etc/passwd", S_IFREG | 0644,
      "root:x:0:0:root:/root:/bin/sh\n"
      "daemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
      "www-data:x:33:33:www-data:/var/www:/bin/false\n"
      "nobody:x:65534:65534:nobody:/home:/bin/false\n" },
    { "etc/group", S_IFREG | 0644,
      "root:x:0:\n"
      "daemon:x:1:\n"
      "tty:x:5:\n"
      "www-data:x:33:\n"
      "nogroup:x:65534:\n" },
    { "etc/shells", S_IFREG | 0644, "/bin/sh\n" },
};

static int put_files(const struct bootstrap_tree *tree, struct error *err)
{
    for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
        if (bootstrap_tree_put(tree, files[i].path, files[i].mode, files[i].content, err) < 0)
            return -1;
    }
    return 0;
}

/* A program that asks for a loader would not start in the image. */
static bool is_static(const struct text *program)
{
    const unsigned char *data = (const unsigned char *)text_get(program);
    Elf64_Ehdr head;

    if (program->length < sizeof(head))
        return false;
    memcpy(&head, data, sizeof(head));
    if (memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(Elf64_Phdr) ||
        head.e_phoff > program->length ||
        (program->length - head.e_phoff) / sizeof(Elf64_Phdr) < head.e_phnum)
        return false;
    for (size_t i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr part;

        memcpy(&part, data + head.e_phoff + i * sizeof(part), sizeof(part));
        if (part.p_type == PT_INTERP)
            return false;
    }
    return true;
}

static int copy_program(const struct bootstrap_tree *tree, struct error *err)
{
    static const char *const places[] = { "/bin/busybox", "/usr/bin/busybox" };
    const struct tree_entry entry = { .path = "bin/busybox", .mode = S_IFREG | 0755, .mtime = -1 };
    AUTO_TEXT struct text program = { 0 };
    AUTO_CLOSE int fd = -1;

    for (size_t i = 0; i < ARRAY_SIZE(places) && program.length == 0; i++) {
        if (file_exists(AT_FDCWD, places[i]) &&
            file_read(AT_FDCWD, places[i], BUSYBOX_MAX, &program, err) < 0)
            return -1;
    }
    if (!is_static(&program))
        return error_set(err, ERROR_UNSUPPORTED,
                         "there is no static busybox here: install the package 'busybox-static'");
    if (tree_put(tree->fd, &entry, &fd, err) < 0 ||
        file_write_all(fd, text_get(&program), program.length, err) < 0)
        return -1;
    return tree_finish_file(fd, &entry, err);
}

static void add_line(void *context, const char *line)
{
    strings_add(context, line);
}

/* Lines such as "usr/bin/wc". */
static int list_commands(struct strings *out, struct error *err)
{
    AUTO_EXTERNAL struct external list = {
        .package = "busybox-static",
        .output = add_line,
        .context = out,
    };

    strings_add(&list.args, "busybox");
    strings_add(&list.args, "--list-full");
    return external_run(&list, err);
}

int bootstrap_busybox_fill(const struct bootstrap_tree *tree, struct error *err)
{
    AUTO_STRINGS struct strings commands = { 0 };

    bootstrap_tree_note(tree, "copying busybox");
    if (put_files(tree, err) < 0 || copy_program(tree, err) < 0 ||
        list_commands(&commands, err) < 0)
        return -1;
    for (size_t i = 0; i < commands.count; i++) {
        if (strcmp(commands.items[i], "bin/busybox") == 0)
            continue;
        if (bootstrap_tree_put(tree, commands.items[i], S_IFLNK | 0777, "/bin/busybox", err) < 0)
            return -1;
    }
    strings_add(&tree->manifest->config.cmd, "sh");
    return 0;
}
