/* SPDX-License-Identifier: MIT */

/*
 * Messages of the game
 */

#include "game/message.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/strict.h"
#include "util/macro.h"

static const struct message_rule rules[MESSAGE_COMMAND_COUNT] = {
    [MESSAGE_PLAYER_JOIN] = { .name = "PlayerJoin",
                              .arg_count = 2,
                              .reach = MESSAGE_TO_ALL,
                              .class = MESSAGE_CLASS_ENTRY,
                              .object = -1 },
    [MESSAGE_PLAYER_LEAVE] = { .name = "PlayerLeave",
                               .reach = MESSAGE_TO_ALL,
                               .class = MESSAGE_CLASS_ENTRY,
                               .object = -1 },
    [MESSAGE_PLAYER_MOVE] = { .name = "PlayerMove",
                              .arg_count = 2,
                              .reach = MESSAGE_TO_OTHERS,
                              .class = MESSAGE_CLASS_MOVE,
                              .object = -1,
                              .coordinates = 3 },
    [MESSAGE_PLAYER_JUMP] = { .name = "PlayerJump",
                              .reach = MESSAGE_TO_OTHERS,
                              .class = MESSAGE_CLASS_MOVE,
                              .object = -1 },
    [MESSAGE_ASSET_CREATE] = { .name = "AssetCreate",
                               .arg_count = 8,
                               .reach = MESSAGE_TO_ALL,
                               .class = MESSAGE_CLASS_EDIT,
                               .is_asset = true,
                               .object = 1,
                               .coordinates = 4 | 8 | 16 },
    [MESSAGE_ASSET_SELECT] = { .name = "AssetSelect",
                               .arg_count = 1,
                               .reach = MESSAGE_TO_ALL,
                               .class = MESSAGE_CLASS_EDIT,
                               .is_asset = true },
    [MESSAGE_ASSET_DESELECT] = { .name = "AssetDeselect",
                                 .arg_count = 1,
                                 .reach = MESSAGE_TO_ALL,
                                 .class = MESSAGE_CLASS_EDIT,
                                 .is_asset = true },
    [MESSAGE_ASSET_MOVE] = { .name = "AssetMove",
                             .arg_count = 4,
                             .reach = MESSAGE_TO_OTHERS,
                             .class = MESSAGE_CLASS_EDIT,
                             .is_asset = true,
                             .coordinates = 2 | 4 | 8 },
    [MESSAGE_ASSET_DELETE] = { .name = "AssetDelete",
                               .arg_count = 1,
                               .reach = MESSAGE_TO_ALL,
                               .class = MESSAGE_CLASS_EDIT,
                               .is_asset = true },
    [MESSAGE_MAP_READY] = { .name = "MapReady",
                            .reach = MESSAGE_TO_SENDER,
                            .class = MESSAGE_CLASS_ENTRY,
                            .object = -1 },
    [MESSAGE_AUTH] = { .name = "Auth",
                       .arg_count = 1,
                       .reach = MESSAGE_TO_SENDER,
                       .class = MESSAGE_CLASS_ENTRY,
                       .object = -1 },
};

const struct message_rule *message_get_rule(enum message_command command)
{
    return &rules[command];
}

const char *message_get_object(const struct message *message)
{
    int index = rules[message->command].object;

    return index < 0 ? NULL : message->args[index];
}

/* How coordinates are written is the clients' affair, but no number of theirs may be infinite. */
static bool is_finite(const char *text)
{
    while (*text) {
        if (isdigit((unsigned char)*text)) {
            char *end = NULL;

            if (!isfinite(strtod(text, &end)))
                return false;
            text = end;
        } else if (strncasecmp(text, "nan", 3) == 0 || strncasecmp(text, "inf", 3) == 0) {
            return false;
        } else {
            text++;
        }
    }
    return true;
}

static bool is_id(const char *text)
{
    return *text != '\0' && strlen(text) <= MESSAGE_ID_MAX;
}

/* Cut `text` at each ';' into at most `max` fields; the number of fields, or 0: too many. */
static size_t split(char *text, const char **fields, size_t max)
{
    size_t count = 0;

    for (char *rest = text; rest;) {
        if (count == max)
            return 0;
        fields[count++] = strsep(&rest, ";");
    }
    return count;
}

static bool find_command(const char *name, enum message_command *command_out)
{
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++) {
        if (strcmp(rules[i].name, name) == 0) {
            *command_out = (enum message_command)i;
            return true;
        }
    }
    return false;
}

static bool are_args_valid(const struct message *message)
{
    const struct message_rule *rule = &rules[message->command];
    const char *object = message_get_object(message);

    if (object && !is_id(object))
        return false;
    if (message->command == MESSAGE_PLAYER_JOIN &&
        (strlen(message->args[0]) > MESSAGE_ID_MAX || !is_id(message->args[1])))
        return false;
    for (size_t i = 0; i < rule->arg_count; i++)
        if (rule->coordinates & (1U << i) && !is_finite(message->args[i]))
            return false;
    return true;
}

bool message_parse(const char *bytes, size_t length, struct message *message_out)
{
    const char *fields[MESSAGE_ARGS_MAX + 2] = { 0 };
    struct message *message = message_out;
    char *dollar = NULL;
    size_t count = 0;

    if (length == 0 || length > MESSAGE_SIZE_MAX || memchr(bytes, '\0', length))
        return false;
    memcpy(message->fields, bytes, length);
    message->fields[length] = '\0';
    dollar = strchr(message->fields, '$');
    if (!strict_is_line(message->fields) || !dollar || strchr(dollar + 1, '$'))
        return false;
    *dollar = '\0';
    if (!find_command(message->fields, &message->command))
        return false;
    count = split(dollar + 1, fields, ARRAY_SIZE(fields));
    if (count != rules[message->command].arg_count + 2 || !is_id(fields[0]))
        return false;
    message->user = fields[0];
    message->time = fields[1];
    memcpy(message->args, fields + 2, sizeof(message->args));
    return are_args_valid(message);
}
