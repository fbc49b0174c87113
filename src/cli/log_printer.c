/* SPDX-License-Identifier: MIT */

/*
 * Log records as people read them
 */

#include "cli/log_printer.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/alloc.h"
#include "util/file.h"

static const char *const colours[] = {
    "\033[36m",   "\033[33m",   "\033[32m",   "\033[35m",   "\033[34m",
    "\033[1;36m", "\033[1;33m", "\033[1;32m", "\033[1;35m", "\033[1;34m",
};

void log_printer_init(struct log_printer *printer, bool prefix, bool timestamps)
{
    *printer = (struct log_printer){
        .prefix = prefix,
        .timestamps = timestamps,
        .colour = output_has_colour(STDOUT_FILENO),
        .cleans_stdout = isatty(STDOUT_FILENO),
        .cleans_stderr = isatty(STDERR_FILENO),
    };
}

void log_printer_done(struct log_printer *printer)
{
    strings_done(&printer->replicas);
    free(printer->open_replica);
    printer->open_replica = NULL;
}

static size_t find_index(struct log_printer *printer, const char *replica)
{
    for (size_t i = 0; i < printer->replicas.count; i++) {
        if (strcmp(printer->replicas.items[i], replica) == 0)
            return i;
    }
    strings_add(&printer->replicas, replica);
    printer->width = MAX(printer->width, output_width(replica));
    return printer->replicas.count - 1;
}

void log_printer_expect(struct log_printer *printer, const char *replica)
{
    find_index(printer, replica);
}

static void add_prefix(struct log_printer *printer, const char *replica, struct text *out)
{
    size_t index = find_index(printer, replica);

    if (printer->colour)
        text_add(out, colours[index % ARRAY_SIZE(colours)]);
    output_add_clean(out, replica);
    for (size_t w = output_width(replica); w < printer->width; w++)
        text_add_char(out, ' ');
    text_add(out, printer->colour ? "  | \033[0m" : "  | ");
}

void log_printer_format(struct log_printer *printer, const struct log_reader_record *record,
                        struct text *out)
{
    bool goes_on = printer->open_replica && strcmp(printer->open_replica, record->replica) == 0;

    if (printer->open_replica && !goes_on)
        text_add_char(out, '\n');
    free(printer->open_replica);
    printer->open_replica = record->is_partial ? alloc_text(record->replica) : NULL;
    if (!goes_on && printer->prefix)
        add_prefix(printer, record->replica, out);
    if (!goes_on && printer->timestamps)
        text_add_format(out, "%s ", record->time);
    if (record->is_stderr ? printer->cleans_stderr : printer->cleans_stdout)
        output_add_coloured(out, record->text, record->length);
    else
        text_add_bytes(out, record->text, record->length);
    if (!record->is_partial)
        text_add_char(out, '\n');
}

int log_printer_write(struct log_printer *printer, const struct log_reader_record *record,
                      struct error *err)
{
    AUTO_TEXT struct text out = { 0 };

    log_printer_format(printer, record, &out);
    return file_write_all(record->is_stderr ? STDERR_FILENO : STDOUT_FILENO, text_get(&out),
                          out.length, err);
}
