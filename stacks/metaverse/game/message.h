/* SPDX-License-Identifier: MIT */

/*
 * Messages of the game
 *
 * A datagram is `Command$UserId;Time;arg;arg…`. It is split here and checked for what can be
 * said without knowing the world: the command, the number of arguments, the size and the
 * bytes of each field, and that coordinates are finite.
 */

#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MESSAGE_SIZE_MAX 1200
#define MESSAGE_ID_MAX 64 /* bytes of a user's, map's or object's id, and of a nickname */
#define MESSAGE_ARGS_MAX 8

enum message_command {
    MESSAGE_PLAYER_JOIN,
    MESSAGE_PLAYER_LEAVE,
    MESSAGE_PLAYER_MOVE,
    MESSAGE_PLAYER_JUMP,
    MESSAGE_ASSET_CREATE,
    MESSAGE_ASSET_SELECT,
    MESSAGE_ASSET_DESELECT,
    MESSAGE_ASSET_MOVE,
    MESSAGE_ASSET_DELETE,
    MESSAGE_MAP_READY,
    MESSAGE_AUTH, /* ours: binds the sender's address to the user of a session token */
    MESSAGE_COMMAND_COUNT,
};

/* Who is told of a message that was accepted. */
enum message_reach {
    MESSAGE_TO_ALL, /* on the sender's map, the sender too */
    MESSAGE_TO_OTHERS,
    MESSAGE_TO_SENDER,
};

/* What kind of load a command is. */
enum message_class {
    MESSAGE_CLASS_MOVE,
    MESSAGE_CLASS_EDIT,
    MESSAGE_CLASS_ENTRY,
    MESSAGE_CLASS_COUNT,
};

struct message_rule {
    const char *name;
    size_t arg_count;
    enum message_reach reach;
    enum message_class class;
    bool is_asset;
    int object;               /* index of the object's id among the arguments, or -1 */
    unsigned int coordinates; /* bit n: argument n holds coordinates */
};

struct message {
    enum message_command command;
    const char *user;
    const char *time;
    const char *args[MESSAGE_ARGS_MAX];
    char fields[MESSAGE_SIZE_MAX + 1]; /* what the pointers point into */
};

const struct message_rule *message_get_rule(enum message_command command);

/* False when it is no message, or one that no client may send. */
bool message_parse(const char *bytes, size_t length, struct message *message_out);

/* The object that a message is about, or NULL. */
const char *message_get_object(const struct message *message);
