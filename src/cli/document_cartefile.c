/* SPDX-License-Identifier: MIT */

/*
 * docs/reference/cartefile.md
 */

#include "cli/document_cartefile.h"

#include "build/lint.h"
#include "image/cartefile_rules.h"
#include "util/macro.h"

static const char head[] =
    "# Cartefiles\n"
    "\n"
    "<!-- Made by `make generate` from the tables in src/image/cartefile_rules.c and\n"
    "     src/build/lint.c, and the text in src/cli/document_cartefile.c. -->\n"
    "\n"
    "A Cartefile is a Dockerfile: the text that `carte build` makes an image of. What is not "
    "named\n"
    "below is as in Docker's reference.\n"
    "\n"
    "## Instructions\n"
    "\n"
    "| instruction | flags | meaning |\n"
    "|---|---|---|\n";

static const char middle[] =
    "\n"
    "Variables are replaced in the instructions marked with `$`, and in ONBUILD of those; in CMD,\n"
    "ENTRYPOINT, HEALTHCHECK, RUN and SHELL they are left to the shell. An instruction sees the\n"
    "values from before it.\n"
    "\n"
    "- `$name`, `${name}`; `${name:-default}`, `${name:+other}`, `${name:?message}`, and without "
    "the\n"
    "  colon, where an empty value counts as one; `${name#pattern}`, `##`, `%`, `%%`;\n"
    "  `${name/pattern/text}`, `${name//pattern/text}`. They nest. `\\$` is a dollar sign.\n"
    "- Known without ARG: in FROM, `BUILDPLATFORM`, `TARGETPLATFORM` and their `OS`, `ARCH` and\n"
    "  `VARIANT`; in RUN, `http_proxy` and its like, which leave no trace in cache, history or "
    "image.\n"
    "- `--build-arg SOURCE_DATE_EPOCH=SECONDS` is the time of all files and of the image; without "
    "it,\n"
    "  it is 1970.\n"
    "- A value of `--build-arg` counts from the ARG on: steps before it stay in the cache.\n"
    "\n"
    "Here-documents (`<<NAME`, `<<-NAME`, `<<\"NAME\"`, several in a line) go with RUN, COPY and "
    "ADD. A\n"
    "RUN that is one here-document is a script for the shell, or for the program of its `#!` "
    "line.\n"
    "\n"
    "The short form has FROM, NAME, PATH and exe_PATH and nothing else.\n"
    "\n"
    "## Directives\n"
    "\n"
    "Comments at the very top, each once: `# escape=` with a backslash or a backtick;\n"
    "`# check=skip=RULE,...;error=true;experimental=RULE,...` (or `all`); `# syntax=` is read and "
    "not\n"
    "used. The first line that is none of these ends them.\n"
    "\n"
    "## What is left out of the context\n"
    "\n"
    "The first of these files counts: `NAME.carteignore` and `NAME.dockerignore` beside the "
    "Cartefile\n"
    "NAME, `.carteignore`, `.dockerignore` in the context. One pattern a line, from the context "
    "on:\n"
    "`*` and `?` within a name, `**` over any depth, `[a-z]`, `[^a-z]`, `\\` before a character "
    "that is\n"
    "meant as it is; `#` in the first column begins a comment, `!` takes back in, the last that "
    "matches\n"
    "counts, and a folder takes its content along. A pattern that is wrong is an error.\n"
    "\n"
    "## Mistakes\n"
    "\n"
    "All mistakes of a file are shown in one run, each with file, line, column, the lines around "
    "it and\n"
    "the nearest known word; then nothing is done. The exit status is 65. A step that fails shows "
    "its\n"
    "lines, too.\n"
    "\n"
    "## Rules of --check\n"
    "\n"
    "`carte build --check` and `carte-stack build --check` build nothing and say what could be "
    "better;\n"
    "the exit status is 0 when there is nothing. A build prints the same as warnings at its end. "
    "Of an\n"
    "image that is not in the store the variables are not known, and nothing is said of those.\n"
    "\n"
    "| rule | what is better |\n"
    "|---|---|\n";

static const char differences[] =
    "\n"
    "## Differences from docker build\n"
    "\n"
    "- The `# syntax=` line fetches nothing: the language is built in.\n"
    "- FROM of a platform other than this machine's is refused, since its programs are not "
    "emulated.\n"
    "- `[1]` or another JSON array that holds no strings is a mistake in every exec form.\n"
    "- Patterns of an ignore file that are wrong are a mistake before the build.\n"
    "- Flags that are known but not built yet are refused by name.\n"
    "- MAINTAINER sets the label `maintainer`.\n"
    "- VOLUME: what later steps write there is kept in the image.\n"
    "- A line may be as long as the file, which may have 4 MiB and 2000 instructions.\n";

static void add_flags(const struct cartefile_rule *rule, struct text *out)
{
    const char *comma = "";

    for (size_t i = 0; i < CARTEFILE_FLAGS_MAX && rule->flags[i].name; i++) {
        text_add_format(out, "%s`--%s`", comma, rule->flags[i].name);
        comma = ", ";
    }
    for (size_t i = 0; i < CARTEFILE_FLAGS_MAX && rule->missing[i]; i++) {
        text_add_format(out, "%s`--%s` (not built yet)", comma, rule->missing[i]);
        comma = ", ";
    }
}

static void add_instruction(const struct cartefile_rule *rule, struct text *out)
{
    text_add_format(out, "| `%s ", rule->name);
    /* A bar would end the cell. */
    for (const char *p = rule->form; *p; p++)
        text_add_format(out, "%s%c", *p == '|' ? "\\" : "", *p);
    text_add_format(out, "`%s | ", rule->expands ? " `$`" : "");
    add_flags(rule, out);
    text_add_format(out, " | %s%s%s |\n", rule->doc,
                    rule->takes_json && *rule->form != '[' ? " Also as a JSON array." : "",
                    rule->takes_heredocs ? " Takes here-documents." : "");
}

void document_cartefile_format(struct text *out)
{
    text_add(out, head);
    for (enum cartefile_keyword i = 0; i < CARTEFILE_KEYWORD_COUNT; i++)
        add_instruction(cartefile_rules_get(i), out);
    text_add(out, middle);
    for (enum lint_rule i = 0; i < LINT_RULE_COUNT; i++)
        text_add_format(out, "| %s%s | %s |\n", lint_get_row(i)->name,
                        lint_get_row(i)->is_experimental ? " (experimental)" : "",
                        lint_get_row(i)->doc);
    text_add(out, differences);
}

static void add_entry(const char *prefix, const char *word, const char *suffix, struct text *out)
{
    AUTO_TEXT struct text entry = { 0 };

    text_add_format(&entry, "%s%s%s", prefix, word, suffix);
    text_add_quoted(out, text_get(&entry));
    text_add_char(out, '\n');
}

void document_cartefile_format_dictionary(struct text *out)
{
    static const char *const others[] = {
        "<<EOF", "<<-E",   "<<'E'", "# escape=`", "# check=skip=", ";error=true",
        " AS ",  "${a:-",  "${a#",  "${a//b/",    "scratch",       "[\"a\"]",
        "**/",   "[^a-z]", "!",     "NONE",       "$PATH",
    };

    text_add(out, "# Written by `make generate` from the tables of Cartefiles.\n");
    for (enum cartefile_keyword i = 0; i < CARTEFILE_KEYWORD_COUNT; i++) {
        const struct cartefile_rule *rule = cartefile_rules_get(i);

        add_entry("", rule->name, " ", out);
        for (size_t k = 0; k < CARTEFILE_FLAGS_MAX && rule->flags[k].name; k++)
            add_entry("--", rule->flags[k].name, "=", out);
    }
    for (enum lint_rule i = 0; i < LINT_RULE_COUNT; i++)
        add_entry("", lint_get_row(i)->name, "", out);
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        add_entry("", others[i], "", out);
}
