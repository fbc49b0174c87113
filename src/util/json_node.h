/* SPDX-License-Identifier: MIT */

/*
 * What a JSON value is made of: for json.c, json_parse.c and json_print.c alone
 */

#pragma once

#include "util/json.h"

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER, /* whole, no digit lost */
    JSON_REAL,   /* any other number */
    JSON_TEXT,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json {
    struct json *next; /* of the same parent */
    char *key;         /* of an object's member */
    enum json_kind kind;
    union {
        bool truth;
        struct json_integer whole;
        double real;
        char *text;
        struct {
            struct json *first, *last;
            size_t count;
        } children;
    };
};

struct json *json_new_node(enum json_kind kind) MUST_CHECK;

struct json *json_new_bool(bool value) MUST_CHECK;

/* Append to an object or an array; `child` bears its key, if any. */
void json_attach(struct json *parent, struct json *child);

/* The number as 64 bits hold it when it is whole and below 2^53, else as a double. */
struct json *json_new_number(double number) MUST_CHECK;
