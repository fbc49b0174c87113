/* SPDX-License-Identifier: MIT */

/*
 * Like jobs in a few threads
 */

#include "util/parallel.h"

#include <pthread.h>
#include <stdbool.h>

#include "util/error.h"

struct pool {
    pthread_mutex_t lock; /* over what follows */
    size_t next, count;
    struct error first;

    parallel_fn run;
    void *context;
    atomic_bool *failed;
};

struct worker {
    struct pool *pool;
    size_t number;
    pthread_t thread;
};

static bool take_job(struct pool *pool, size_t *job_out)
{
    bool has_job = false;

    pthread_mutex_lock(&pool->lock);
    has_job = pool->next < pool->count && pool->first.code == ERROR_NONE;
    if (has_job)
        *job_out = pool->next++;
    pthread_mutex_unlock(&pool->lock);
    return has_job;
}

static void note_failure(struct pool *pool, const struct error *err)
{
    pthread_mutex_lock(&pool->lock);
    if (pool->first.code == ERROR_NONE)
        pool->first = *err;
    if (pool->failed)
        atomic_store(pool->failed, true);
    pthread_mutex_unlock(&pool->lock);
}

static void *work(void *argument)
{
    const struct worker *worker = argument;
    struct pool *pool = worker->pool;
    size_t job = 0;

    while (take_job(pool, &job)) {
        struct error err = { 0 };

        if (pool->run(pool->context, worker->number, job, &err) < 0)
            note_failure(pool, &err);
    }
    return NULL;
}

int parallel_run(size_t count, size_t threads, parallel_fn run, void *context, atomic_bool *failed,
                 struct error *err)
{
    struct pool pool = {
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .count = count,
        .run = run,
        .context = context,
        .failed = failed,
    };
    struct worker workers[PARALLEL_THREADS_MAX];
    size_t started = 1;

    threads = MIN(MIN(threads, count), (size_t)PARALLEL_THREADS_MAX);
    workers[0] = (struct worker){ .pool = &pool };
    for (; started < threads; started++) {
        workers[started] = (struct worker){ .pool = &pool, .number = started };
        /* With fewer threads it takes longer. */
        if (pthread_create(&workers[started].thread, NULL, work, &workers[started]) != 0)
            break;
    }
    work(&workers[0]);
    for (size_t i = 1; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    if (pool.first.code == ERROR_NONE)
        return 0;
    *err = pool.first;
    return -1;
}
