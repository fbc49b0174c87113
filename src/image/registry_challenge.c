/* SPDX-License-Identifier: MIT */

/*
 * The header WWW-Authenticate
 *
 * The grammar has one knot: a comma separates parameters and challenges alike. A word with '='
 * and a value behind it is a parameter, any other begins a challenge.
 */

#include "image/registry_challenge.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/text.h"

struct reading {
    const char *p;
    struct registry_challenge current, best;
};

void registry_challenge_done(struct registry_challenge *challenge)
{
    free(challenge->realm);
    free(challenge->service);
    free(challenge->scope);
    *challenge = (struct registry_challenge){ 0 };
}

static bool is_word_char(char c)
{
    return isalnum((unsigned char)c) || (c != '\0' && strchr("!#$%&'*+-.^_`|~/", c));
}

static void skip_blanks(struct reading *reading)
{
    reading->p += strspn(reading->p, " \t");
}

static char *take_word(struct reading *reading)
{
    size_t length = 0;

    while (is_word_char(reading->p[length]))
        length++;
    reading->p += length;
    return alloc_text_part(reading->p - length, length);
}

/* "a \"quoted\" text" */
static int take_quoted(struct reading *reading, char **out, struct error *err)
{
    AUTO_TEXT struct text text = { 0 };

    for (reading->p++; *reading->p != '"'; reading->p++) {
        if (*reading->p == '\\')
            reading->p++;
        if (*reading->p == '\0')
            return error_set(err, ERROR_INVALID, "WWW-Authenticate: a quote is not closed");
        text_add_char(&text, *reading->p);
    }
    reading->p++;
    *out = text_steal(&text);
    return 0;
}

static int take_value(struct reading *reading, char **out, struct error *err)
{
    skip_blanks(reading);
    if (*reading->p == '"')
        return take_quoted(reading, out, err);
    *out = take_word(reading);
    return 0;
}

/* The challenge that was read is over. */
static void keep_best(struct reading *reading)
{
    bool is_usable = reading->current.kind != REGISTRY_CHALLENGE_BEARER || reading->current.realm;

    if (is_usable && reading->current.kind > reading->best.kind) {
        registry_challenge_done(&reading->best);
        reading->best = reading->current;
        reading->current = (struct registry_challenge){ 0 };
    }
    registry_challenge_done(&reading->current);
}

static void begin_challenge(struct reading *reading, const char *scheme)
{
    keep_best(reading);
    if (strcasecmp(scheme, "Bearer") == 0)
        reading->current.kind = REGISTRY_CHALLENGE_BEARER;
    else if (strcasecmp(scheme, "Basic") == 0)
        reading->current.kind = REGISTRY_CHALLENGE_BASIC;
}

static void set_parameter(struct registry_challenge *challenge, const char *key, char *value)
{
    char **member = strcasecmp(key, "realm") == 0     ? &challenge->realm
                    : strcasecmp(key, "service") == 0 ? &challenge->service
                    : strcasecmp(key, "scope") == 0   ? &challenge->scope
                                                      : NULL;

    if (member && !*member)
        *member = value;
    else
        free(value);
}

/* One parameter, the beginning of a challenge, or its credentials of the form "token68". */
static int take_item(struct reading *reading, struct error *err)
{
    AUTO_FREE char *word = take_word(reading);
    const char *behind = reading->p;
    char *value = NULL;

    if (word[0] == '\0')
        return error_set(err, ERROR_INVALID, "WWW-Authenticate: unexpected '%.20s'", reading->p);
    skip_blanks(reading);
    if (*reading->p != '=') {
        begin_challenge(reading, word);
        return 0;
    }
    /* The padding of a token68, which nobody here understands. */
    if (behind[strspn(behind, "=")] == '\0' || behind[strspn(behind, "=")] == ',') {
        reading->p += strspn(reading->p, "=");
        return 0;
    }
    reading->p++;
    if (take_value(reading, &value, err) < 0)
        return -1;
    set_parameter(&reading->current, word, value);
    return 0;
}

static int check_header(const char *header, struct error *err)
{
    if (strlen(header) > REGISTRY_CHALLENGE_SIZE_MAX)
        return error_set(err, ERROR_INVALID, "WWW-Authenticate is longer than %u bytes",
                         REGISTRY_CHALLENGE_SIZE_MAX);
    for (const char *p = header; *p; p++) {
        if (iscntrl((unsigned char)*p) && *p != '\t')
            return error_set(err, ERROR_INVALID, "WWW-Authenticate has a control character");
    }
    return 0;
}

int registry_challenge_parse(const char *header, struct registry_challenge *out, struct error *err)
{
    struct reading reading = { .p = header };
    int result = check_header(header, err);

    while (result == 0 && reading.p[strspn(reading.p, ", \t")] != '\0') {
        reading.p += strspn(reading.p, ", \t");
        result = take_item(&reading, err);
    }
    keep_best(&reading);
    if (result == 0 && reading.best.kind == REGISTRY_CHALLENGE_NONE)
        result =
            error_set(err, ERROR_UNSUPPORTED,
                      "it asks for a login by '%.60s'; only Basic and Bearer are known", header);
    if (result < 0) {
        registry_challenge_done(&reading.best);
        return -1;
    }
    *out = reading.best;
    return 0;
}
