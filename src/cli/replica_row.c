/* SPDX-License-Identifier: MIT */

/*
 * One replica of the control API's answer as `ps` shows it
 */

#include "cli/replica_row.h"

#include <inttypes.h>
#include <string.h>

#include "cli/container_find.h"
#include "cli/output.h"
#include "cli/table.h"
#include "util/clock.h"

/* A command line longer than this is cut in the table. */
#define COMMAND_COLUMNS 24
/* And the reason of a failure longer than this: `up` and `events` tell it whole. */
#define REASON_COLUMNS 60

const char *const replica_row_headings[] = { "NAME",    "IMAGE",  "COMMAND", "SERVICE",
                                             "CREATED", "STATUS", "PORTS",   NULL };

static const struct {
    int64_t ms;
    const char *name;
} age_units[] = {
    { DAY_MS, "day" },
    { HOUR_MS, "hour" },
    { MINUTE_MS, "minute" },
    { SECOND_MS, "second" },
};

void replica_row_age(int64_t ms, struct text *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(age_units); i++) {
        int64_t count = ms / age_units[i].ms;

        if (count < 1)
            continue;
        text_add_format(out, "%" PRId64 " %s%s", count, age_units[i].name, count == 1 ? "" : "s");
        return;
    }
    text_add(out, "less than a second");
}

static bool is_state(const struct json *replica, const char *state)
{
    return strcmp(json_find_text(replica, "state", ""), state) == 0;
}

bool replica_row_is_alive(const struct json *replica)
{
    return is_state(replica, "running") || is_state(replica, "pending") ||
           is_state(replica, "stopping");
}

/* It could not even be started. */
static bool is_stillborn(const struct json *replica)
{
    return strcmp(json_find_text(replica, "exit_kind", ""), "start") == 0 ||
           (json_find_int(replica, "ended_ms", 0) == 0 &&
            json_find_int(replica, "started_ms", 0) == 0);
}

static void add_ended(const struct json *replica, int64_t wall_ms, struct text *out)
{
    int64_t ended_ms = json_find_int(replica, "ended_ms", 0);
    const char *reason = json_find_text(replica, "exit_reason", "");

    if (is_stillborn(replica))
        text_add(out, is_state(replica, "failed") ? "Failed" : "Created");
    else
        text_add_format(out, "Exited (%" PRId64 ")", json_find_int(replica, "exit_code", 0));
    if (ended_ms > 0) {
        text_add_char(out, ' ');
        replica_row_age(MAX(wall_ms - ended_ms, INT64_C(0)), out);
        text_add(out, " ago");
    }
    /* Of an exit code the line has told already. */
    if (reason[0] && is_state(replica, "failed") &&
        strcmp(json_find_text(replica, "exit_kind", ""), "code") != 0) {
        size_t length = output_fit(reason, REASON_COLUMNS);

        text_add(out, ": ");
        text_add_bytes(out, reason, length);
        text_add(out, reason[length] ? "…" : "");
    }
}

void replica_row_status(const struct json *replica, int64_t wall_ms, struct text *out)
{
    const char *health = json_find_text(replica, "health", "");
    const char *waiting = json_find_text(replica, "waiting", "");
    int64_t started_ms = json_find_int(replica, "started_ms", wall_ms);

    if (is_state(replica, "running")) {
        text_add(out, "Up ");
        replica_row_age(MAX(wall_ms - started_ms, INT64_C(0)), out);
        if (json_find_bool(replica, "paused", false))
            text_add(out, " (Paused)");
        else if (health[0])
            text_add_format(out, " (%s)", health);
    } else if (is_state(replica, "stopping")) {
        text_add(out, "Stopping");
    } else if (is_state(replica, "pending")) {
        text_add_format(out, "Waiting%s%s", waiting[0] ? ": " : "", waiting);
    } else {
        add_ended(replica, wall_ms, out);
    }
}

static void add_ports(const struct json *replica, struct text *out)
{
    const struct json *port = json_first(json_find(replica, "ports"));
    const char *between = "";

    for (; port; port = json_next(port)) {
        const char *host_ip = json_find_text(port, "host_ip", "");

        text_add_format(out, "%s%s:%" PRId64 "->%" PRId64 "/%s", between,
                        host_ip[0] ? host_ip : "0.0.0.0", json_find_int(port, "published", 0),
                        json_find_int(port, "target", 0), json_find_text(port, "protocol", "tcp"));
        between = ", ";
    }
}

/* The command as one text, whether the answer has it as a text or as a list. */
static void add_command(const struct json *replica, struct text *out)
{
    const struct json *command = json_find(replica, "command");
    const struct json *word = json_is_array(command) ? json_first(command) : NULL;

    if (json_is_text(command))
        text_add(out, json_get_text(command, ""));
    for (const char *between = ""; word; word = json_next(word), between = " ")
        text_add_format(out, "%s%s", between, json_get_text(word, ""));
}

void replica_row_add(const struct json *replica, int64_t wall_ms, struct table *table)
{
    AUTO_TEXT struct text command = { 0 }, created = { 0 }, status = { 0 }, ports = { 0 };
    AUTO_TEXT struct text quoted = { 0 };
    int64_t created_ms = json_find_int(replica, "created_ms", wall_ms);

    add_command(replica, &command);
    if (command.length > COMMAND_COLUMNS)
        text_add_format(&quoted, "\"%.*s…\"", COMMAND_COLUMNS - 1, text_get(&command));
    else
        text_add_format(&quoted, "\"%s\"", text_get(&command));
    replica_row_age(MAX(wall_ms - created_ms, INT64_C(0)), &created);
    text_add(&created, " ago");
    replica_row_status(replica, wall_ms, &status);
    add_ports(replica, &ports);
    table_add(table, json_find_text(replica, "name", ""));
    table_add(table, json_find_text(replica, "image", ""));
    table_add(table, text_get(&quoted));
    table_add(table, json_find_text(replica, "service", ""));
    table_add(table, text_get(&created));
    table_add(table, text_get(&status));
    table_add(table, text_get(&ports));
}

static struct json *new_publishers(const struct json *replica)
{
    struct json *array = json_new_array();
    const struct json *port = json_first(json_find(replica, "ports"));

    for (; port; port = json_next(port)) {
        struct json *publisher = json_new_object();
        const char *host_ip = json_find_text(port, "host_ip", "");

        json_set_text(publisher, "URL", host_ip[0] ? host_ip : "0.0.0.0");
        json_set_int(publisher, "TargetPort", json_find_int(port, "target", 0));
        json_set_int(publisher, "PublishedPort", json_find_int(port, "published", 0));
        json_set_text(publisher, "Protocol", json_find_text(port, "protocol", "tcp"));
        json_append(array, publisher);
    }
    return array;
}

/* The state in the words of compose: what has ended is exited, whatever it was to do. */
static const char *find_word(const struct json *replica)
{
    if (json_find_bool(replica, "paused", false))
        return "paused";
    if (is_state(replica, "pending"))
        return json_find_int(replica, "started_ms", 0) > 0 ? "restarting" : "created";
    return replica_row_is_alive(replica) ? json_find_text(replica, "state", "") : "exited";
}

struct json *replica_row_json(const char *project, const struct json *replica, int64_t wall_ms)
{
    struct json *row = json_new_object();
    const struct json *addresses = json_find(replica, "addresses");
    AUTO_TEXT struct text command = { 0 }, status = { 0 };
    char id[CONTAINER_FIND_ID_SIZE];

    add_command(replica, &command);
    replica_row_status(replica, wall_ms, &status);
    container_find_id(project, replica, id);
    json_set_text(row, "ID", id);
    json_set_text(row, "Name", json_find_text(replica, "name", ""));
    json_set_text(row, "Project", project);
    json_set_text(row, "Service", json_find_text(replica, "service", ""));
    json_set_int(row, "Replica", json_find_int(replica, "index", 0));
    json_set_text(row, "Image", json_find_text(replica, "image", ""));
    json_set_text(row, "Command", text_get(&command));
    json_set_text(row, "State", find_word(replica));
    json_set_text(row, "Status", text_get(&status));
    json_set_text(row, "Health", json_find_text(replica, "health", ""));
    json_set_int(row, "ExitCode", json_find_int(replica, "exit_code", 0));
    json_set_int(row, "Pid", json_find_int(replica, "pid", 0));
    json_set_int(row, "Restarts", json_find_int(replica, "restarts", 0));
    json_set(row, "Addresses", addresses ? json_copy(addresses) : json_new_object());
    json_set(row, "Publishers", new_publishers(replica));
    return row;
}
