/* SPDX-License-Identifier: MIT */

/*
 * COPY and ADD
 *
 * Each word before the destination is an item with a plan of its own: of the context or of what
 * --from names, of a here-document, or of what is fetched. The layer is written straight from
 * the sources, without mounting the layers below.
 */

#include "build/copy_step.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build/add_remote.h"
#include "build/copy_plan.h"
#include "build/owner.h"
#include "build/stage_expand.h"
#include "image/cartefile_words.h"
#include "util/alloc.h"
#include "util/cleanup.h"
#include "util/error.h"
#include "util/file.h"
#include "util/parse.h"
#include "util/text.h"

/* What one word gives. */
struct item {
    struct add_remote remote;
    struct source own; /* a folder of the session; or else the job's source is used */
    struct copy_plan plan;
    bool is_late; /* fetched only when the step is not in the cache */
};

struct job {
    struct stage *stage;
    const struct cartefile_instruction *at;
    struct cartefile_place place; /* of the word or flag that is worked on */
    struct source source;         /* of all files that are neither written here nor fetched */
    struct merged *nothing;       /* what --link stands on */
    struct copy_rules rules;
    bool is_link, keeps_git;
    const char *checksum; /* or NULL */
    char *chown, *chmod;  /* expanded */
    char *destination;
    bool is_folder; /* the destination */
    struct item *items;
    size_t item_count;
};

static void job_done(struct job *job)
{
    for (size_t i = 0; i < job->item_count; i++) {
        add_remote_done(&job->items[i].remote);
        copy_plan_done(&job->items[i].plan);
        source_done(&job->items[i].own);
    }
    free(job->items);
    source_done(&job->source);
    merged_free(job->nothing);
    copy_plan_rules_done(&job->rules);
    free(job->chown);
    free(job->chmod);
    free(job->destination);
}

static int fail(const struct job *job, struct error *err)
{
    return stage_fail_at(job->stage, job->at, &job->place, err);
}

static int fail_flag(struct job *job, const char *key, struct error *err)
{
    job->place = cartefile_find_flag(job->at, key);
    return fail(job, err);
}

static const char *find_flag(const struct cartefile_instruction *at, const char *key)
{
    const struct strings_pair *pair = strings_map_find(&at->flags, key);

    return pair ? pair->value : NULL;
}

static int read_switch(const struct job *job, const char *key, bool fallback, bool *out,
                       struct error *err)
{
    const char *value = find_flag(job->at, key);

    *out = fallback;
    if (value && parse_bool(value, false, out, err) < 0)
        return error_wrap(err, "--%s", key);
    return 0;
}

static int read_excludes(struct job *job, struct error *err)
{
    AUTO_TEXT struct text patterns = { 0 };

    for (size_t i = 0; i < job->at->flags.count; i++) {
        const struct strings_pair *flag = &job->at->flags.pairs[i];
        AUTO_FREE char *pattern = NULL;

        if (strcmp(flag->key, "exclude") != 0)
            continue;
        if (stage_expand(job->stage, job->at, flag->value, &pattern, err) < 0)
            return -1;
        text_add_format(&patterns, "%s\n", pattern);
    }
    return ignore_parse("--exclude", text_get(&patterns), patterns.length, &job->rules.exclude,
                        err);
}

static int expand_flag(const struct job *job, const char *key, char **out, struct error *err)
{
    const char *value = find_flag(job->at, key);

    return value ? stage_expand(job->stage, job->at, value, out, err) : 0;
}

/* Names of --chown are those of the image, also with --link. */
static int read_rules(struct job *job, const struct merged *image, struct error *err)
{
    static const struct strings no_layers = { 0 };
    struct copy_rules *rules = &job->rules;

    if (read_switch(job, "link", false, &job->is_link, err) < 0 ||
        read_switch(job, "parents", false, &rules->parents, err) < 0 ||
        read_switch(job, "keep-git-dir", false, &job->keeps_git, err) < 0)
        return fail(job, err);
    if (read_excludes(job, err) < 0 || expand_flag(job, "chown", &job->chown, err) < 0 ||
        expand_flag(job, "chmod", &job->chmod, err) < 0)
        return -1;
    job->checksum = find_flag(job->at, "checksum");
    rules->chmod = job->chmod;
    rules->has_owner = job->chown != NULL;
    if (job->chown && owner_parse(image, job->chown, &rules->uid, &rules->gid, err) < 0)
        return fail_flag(job, "chown", err);
    job->nothing = job->is_link ? merged_open(&no_layers, err) : NULL;
    rules->base = job->is_link ? job->nothing : image;
    return rules->base ? 0 : -1;
}

/* A folder of the session with the here-document as a file. */
static int write_heredoc(const struct job *job, const struct cartefile_heredoc *heredoc,
                         struct item *item, struct error *err)
{
    struct session *session = job->stage->builder->session;
    AUTO_FREE char *name = session_new_name(session, "source");
    AUTO_FREE char *path = alloc_format("%s/%s", name, heredoc->name);
    AUTO_FREE char *folder = store_session_path(job->stage->builder->store, session, name);
    AUTO_FREE char *content = NULL;

    if (!heredoc->expand)
        content = alloc_text(heredoc->content);
    else if (stage_expand_text(job->stage, job->at, heredoc->content, &content, err) < 0)
        return -1;
    if (mkdirat(session->fd, name, 0755) < 0)
        return error_set_errno(err, errno, "make folder '%s'", name);
    if (file_replace(session->fd, path, content, strlen(content), FILE_VOLATILE(0644), err) < 0 ||
        source_open_folder(folder, &item->own, err) < 0)
        return fail(job, err);
    item->plan.source = &item->own;
    strings_add(&item->plan.paths, heredoc->name);
    return 0;
}

/* Of a repository, what git needs for itself is left out. */
static bool skip_git(void *context, const char *path, bool is_folder, bool *enter)
{
    const char *slash = strrchr(path, '/');
    bool skipped = strcmp(slash ? slash + 1 : path, ".git") == 0;

    (void)context;
    *enter = is_folder && !skipped;
    return skipped;
}

static int fetch(const struct job *job, struct item *item, struct error *err)
{
    AUTO_FREE char *path = NULL;

    if (add_remote_fetch(job->stage, &item->remote, &item->own, &path, err) < 0)
        return -1;
    item->plan.source = &item->own;
    strings_add(&item->plan.paths, path);
    if (item->remote.kind == ADD_REMOTE_FILE) {
        item->plan.file_mode = 0600;
        return 0;
    }
    item->plan.plain_modes = true;
    item->plan.filter = item->remote.keeps_git ? NULL : skip_git;
    return 0;
}

/* What is not fetched yet is late. */
static int match_item(struct job *job, const char *word, struct item *item, struct error *err)
{
    bool is_add = job->at->keyword == CARTEFILE_ADD;
    bool is_file = false;

    if (is_add && add_remote_parse(word, job->checksum, job->keeps_git, &item->remote, err) < 0)
        return fail(job, err);
    is_file = item->remote.kind == ADD_REMOTE_FILE;
    if (is_file && job->is_folder && !*item->remote.name) {
        error_set(err, ERROR_INVALID, "'%s' ends in no file name: name the file in the destination",
                  word);
        return fail(job, err);
    }
    if (read_switch(job, "unpack", is_add && !is_file, &item->plan.unpacks, err) < 0)
        return fail(job, err);
    if (item->remote.kind == ADD_REMOTE_GIT)
        item->plan.unpacks = false;
    if (item->remote.kind != ADD_REMOTE_NONE) {
        item->is_late = add_remote_is_fixed(&item->remote);
        return item->is_late || fetch(job, item, err) == 0 ? 0 : fail(job, err);
    }
    if (!job->source.view &&
        source_open(job->stage, find_flag(job->at, "from"), &job->source, err) < 0)
        return fail_flag(job, "from", err);
    item->plan.source = &job->source;
    return copy_plan_match(&item->plan, word, err) < 0 ? fail(job, err) : 0;
}

static int add_items(struct job *job, const struct strings *words, struct error *err)
{
    const struct cartefile_instruction *at = job->at;
    char escape = job->stage->builder->cartefile->escape;
    size_t heredocs = 0;

    job->items = alloc_array(struct item, words->count);
    for (size_t i = 0; i + 1 < words->count; i++) {
        struct item *item = &job->items[job->item_count++];
        __attribute__((cleanup(cartefile_words_mark_done))) struct cartefile_mark mark = { 0 };
        bool is_heredoc = !at->is_json && heredocs < at->heredoc_count &&
                          cartefile_words_find_mark(at->words.items[i], escape, &mark);

        item->plan.rules = &job->rules;
        job->place = cartefile_find_word(at, i);
        if (is_heredoc ? write_heredoc(job, &at->heredocs[heredocs++], item, err) < 0
                       : match_item(job, words->items[i], item, err) < 0)
            return -1;
    }
    return 0;
}

/* How many files of a pattern want to be the destination. */
static int count_files(const struct item *item, size_t *out, struct error *err)
{
    *out = 0;
    for (size_t i = 0; i < item->plan.paths.count; i++) {
        AUTO_MERGED_NODE struct merged_node node = { 0 };

        if (merged_find(item->plan.source->view, item->plan.paths.items[i], true, &node, err) < 0)
            return -1;
        *out += node.found && !S_ISDIR(node.status.st_mode);
    }
    return 0;
}

static int check_destination(const struct job *job, struct error *err)
{
    size_t files = 0;

    if (job->checksum && job->item_count > 1)
        return error_set(err, ERROR_INVALID, "--checksum is of one source alone");
    if (job->is_folder)
        return 0;
    if (job->item_count == 1 && !job->items[0].is_late &&
        count_files(&job->items[0], &files, err) < 0)
        return -1;
    if (job->item_count > 1 || files > 1)
        return error_set(err, ERROR_INVALID,
                         "several sources need a folder as destination: end '%s' with '/'",
                         job->destination);
    return 0;
}

static int make_key(const struct job *job, char key[HASH_SHA256_HEX_SIZE], struct error *err)
{
    const struct copy_rules *rules = &job->rules;
    AUTO_FREE char *facts = alloc_format("%d %u:%u %d %d", rules->has_owner, rules->uid, rules->gid,
                                         rules->parents, job->is_folder);
    struct copy_links links = { 0 };
    struct hash_sha256 hash;
    int result = 0;

    if (job->is_link)
        stage_begin_free_key(job->stage, job->at, &hash);
    else
        stage_begin_key(job->stage, job->at, &hash);
    hash_sha256_update_text(&hash, job->destination);
    hash_sha256_update_text(&hash, facts);
    hash_sha256_update_text(&hash, job->chmod ? job->chmod : "");
    for (size_t i = 0; i < job->item_count && result == 0; i++) {
        if (job->items[i].is_late || job->items[i].remote.kind == ADD_REMOTE_GIT)
            add_remote_hash(&job->items[i].remote, &hash);
        else
            result = copy_plan_hash(&job->items[i].plan, &links, &hash, err);
    }
    copy_links_done(&links);
    hash_sha256_hex(&hash, key);
    return result;
}

static int write_layer(struct job *job, int tree, struct error *err)
{
    for (size_t i = 0; i < job->item_count; i++) {
        struct item *item = &job->items[i];

        job->place = cartefile_find_word(job->at, i);
        if (item->is_late &&
            (fetch(job, item, err) < 0 ||
             copy_plan_add(&item->plan, job->destination, job->is_folder, err) < 0))
            return -1;
        if (copy_plan_write(&item->plan, tree, err) < 0)
            return -1;
    }
    return 0;
}

static int plan(struct job *job, struct error *err)
{
    if (check_destination(job, err) < 0)
        return -1;
    for (size_t i = 0; i < job->item_count; i++) {
        struct item *item = &job->items[i];

        job->place = cartefile_find_word(job->at, i);
        if (!item->is_late && copy_plan_add(&item->plan, job->destination, job->is_folder, err) < 0)
            return -1;
    }
    return 0;
}

static int run(struct job *job, struct error *err)
{
    AUTO_STAGE_LAYER struct stage_layer layer = { .tree = -1 };
    char key[HASH_SHA256_HEX_SIZE];
    bool done = false;

    if (plan(job, err) < 0 || make_key(job, key, err) < 0)
        return fail(job, err);
    if (stage_reuse(job->stage, job->at, key, &done, err) < 0)
        return -1;
    if (done)
        return 0;
    if ((job->is_link ? stage_begin_free_layer(job->stage, &layer, err)
                      : stage_begin_layer(job->stage, &layer, err)) < 0 ||
        write_layer(job, layer.tree, err) < 0)
        return fail(job, err);
    return stage_commit_layer(job->stage, job->at, key, &layer, err);
}

int copy_step_run(struct stage *stage, const struct cartefile_instruction *at, struct error *err)
{
    __attribute__((cleanup(job_done))) struct job job = {
        .stage = stage,
        .at = at,
        .place = { at->line, at->column },
    };
    AUTO(merged) struct merged *image = merged_open(&stage->layers, err);
    AUTO_STRINGS struct strings words = { 0 };

    if (!image || stage_expand_words(stage, at, &words, err) < 0 ||
        read_rules(&job, image, err) < 0)
        return -1;
    job.destination = stage_path(stage, words.items[words.count - 1]);
    job.place = cartefile_find_word(at, words.count - 1);
    if (copy_plan_is_folder(&job.rules, job.destination, &job.is_folder, err) < 0)
        return fail(&job, err);
    if (add_items(&job, &words, err) < 0)
        return -1;
    job.place = (struct cartefile_place){ at->line, at->column };
    return run(&job, err);
}

void copy_step_folder_key(const struct stage *stage, const struct cartefile_instruction *at,
                          const char *path, char key[HASH_SHA256_HEX_SIZE])
{
    struct hash_sha256 hash;

    stage_begin_key(stage, at, &hash);
    hash_sha256_update_text(&hash, path);
    hash_sha256_hex(&hash, key);
}

int copy_step_make_folder(const struct merged *base, int tree, const char *path, struct error *err)
{
    struct copy_rules rules = { .base = base };
    AUTO_COPY_PLAN struct copy_plan plan = { .rules = &rules };

    return copy_plan_make_folders(&plan, tree, path, err);
}
