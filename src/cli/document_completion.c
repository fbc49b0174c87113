/* SPDX-License-Identifier: MIT */

/*
 * Completion for bash made from the command tables
 */

#include "cli/document_completion.h"

#include <string.h>

#include "cli/command.h"

/* "carte-stack" as a part of a shell function's name. */
static void add_name(struct text *out, const char *name)
{
    for (; *name; name++)
        text_add_char(out, (char)(*name == '-' ? '_' : *name));
}

static void add_words(struct text *out, const struct option *options)
{
    for (const struct option *option = options; option && option->name; option++) {
        if (option->hidden)
            continue;
        text_add_format(out, " --%s", option->name);
        if (option->letter)
            text_add_format(out, " -%c", option->letter);
    }
}

/* "--format|-f) choices ;;" for each option whose values are known. */
static void add_choices(struct text *out, const struct option *options, const char *indent)
{
    for (const struct option *option = options; option && option->name; option++) {
        if (!option->choices || option->hidden)
            continue;
        text_add_format(out, "%s--%s) values='", indent, option->name);
        for (const char *const *choice = option->choices; *choice; choice++)
            text_add_format(out, "%s%s", choice == option->choices ? "" : " ", *choice);
        text_add(out, "' ;;\n");
    }
}

static bool takes_services(const struct command *command)
{
    return command->operands && strstr(command->operands, "SERVICE");
}

static bool is_shown(const struct command *command)
{
    return !command->hidden && !command->refusal;
}

/* Are two commands of one group, such as "network create" and "network rm"? */
static bool is_same_group(const struct command *one, const struct command *other)
{
    size_t length = strcspn(one->name, " ");

    return one->name[length] && strncmp(one->name, other->name, length + 1) == 0;
}

static bool is_in_group_before(const struct command_program *program,
                               const struct command *const *command)
{
    for (const struct command *const *at = program->commands; at < command; at++) {
        if (is_same_group(*command, *at))
            return true;
    }
    return false;
}

/* The first word of a group alone: the second is looked for. */
static void add_groups(const struct command_program *program, struct text *out)
{
    for (const struct command *const *at = program->commands; *at; at++) {
        size_t length = strcspn((*at)->name, " ");

        if (!(*at)->name[length] || is_in_group_before(program, at))
            continue;
        text_add_format(out, "    %.*s)\n        words='", (int)length, (*at)->name);
        for (const struct command *const *of = at; *of; of++) {
            if (is_same_group(*at, *of) && is_shown(*of))
                text_add_format(out, "%s%s", of == at ? "" : " ", (*of)->name + length + 1);
        }
        text_add(out, "' ;;\n");
    }
}

static void add_commands(const struct command_program *program, struct text *out)
{
    text_add(out, "    case $command in\n");
    add_groups(program, out);
    for (const struct command *const *at = program->commands; *at; at++) {
        const struct command *command = *at;

        if (!is_shown(command))
            continue;
        text_add_format(out, strchr(command->name, ' ') ? "    '%s')\n" : "    %s)\n",
                        command->name);
        text_add(out, "        words=\"$globals");
        add_words(out, command->options);
        text_add(out, "\"\n");
        if (takes_services(command))
            text_add(out, "        services=1\n");
        text_add(out, "        case $previous in\n");
        add_choices(out, command->options, "        ");
        text_add(out, "        esac ;;\n");
    }
    text_add(out, "    '')\n        words=\"$globals");
    for (const struct command *const *at = program->commands; *at; at++) {
        size_t length = strcspn((*at)->name, " ");

        if (is_shown(*at) && !is_in_group_before(program, at))
            text_add_format(out, " %.*s", (int)length, (*at)->name);
    }
    text_add(out, "\" ;;\n    esac\n");
}

static void add_second_words(const struct command_program *program, struct text *out)
{
    for (const struct command *const *at = program->commands; *at; at++) {
        size_t length = strcspn((*at)->name, " ");

        if ((*at)->name[length] && !is_in_group_before(program, at))
            text_add_format(out,
                            "            [ \"$command\" != %.*s ] || ((i + 1 >= COMP_CWORD)) ||\n"
                            "                command+=\" ${COMP_WORDS[i + 1]}\"\n",
                            (int)length, (*at)->name);
    }
}

/* The command is the first word that is neither an option nor the value of one. */
static void add_search(const struct command_program *program, struct text *out)
{
    text_add(out, "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
                  "        case ${COMP_WORDS[i]} in\n"
                  "        ");
    for (const struct option *option = program->globals; option->name; option++) {
        if (option->kind == OPTION_FLAG)
            continue;
        text_add_format(out, "--%s | ", option->name);
        if (option->letter)
            text_add_format(out, "-%c | ", option->letter);
    }
    text_add(out, "--) given+=(\"${COMP_WORDS[i]}\" \"${COMP_WORDS[i + 1]}\"); i=$((i + 1)) ;;\n"
                  "        -*) ;;\n"
                  "        *)\n"
                  "            command=${COMP_WORDS[i]}\n");
    add_second_words(program, out);
    text_add(out, "            break ;;\n"
                  "        esac\n"
                  "    done\n");
}

void document_completion_format(const struct command_program *program, struct text *out)
{
    text_add_format(out,
                    "# shellcheck shell=bash\n"
                    "# Completion for %s. Made by `make generate` from the tables in src/cli.\n\n_",
                    program->name);
    add_name(out, program->name);
    text_add(out, "_complete()\n{\n"
                  "    local current=${COMP_WORDS[COMP_CWORD]} "
                  "previous=${COMP_WORDS[COMP_CWORD - 1]}\n"
                  "    local command='' words='' values='' services='' globals given=() i\n\n"
                  "    globals='");
    add_words(out, program->globals);
    text_add(out, "'\n");
    add_search(program, out);
    text_add(out, "    case $previous in\n");
    add_choices(out, program->globals, "    ");
    text_add(out, "    esac\n");
    add_commands(program, out);
    text_add_format(out,
                    "    [ -n \"$values\" ] && words=$values\n"
                    "    if [ -n \"$services\" ] && [ -z \"$values\" ]; then\n"
                    "        words=\"$words $(%s \"${given[@]}\" config --services 2>/dev/null)\"\n"
                    "    fi\n"
                    "    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n"
                    "}\n\ncomplete -o default -F _",
                    program->name);
    add_name(out, program->name);
    text_add_format(out, "_complete %s\n", program->name);
}
