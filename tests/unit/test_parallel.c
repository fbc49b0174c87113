/* SPDX-License-Identifier: MIT */

#include "unit.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "util/error.h"
#include "util/parallel.h"

#define JOBS 100

struct jobs {
    atomic_int done[JOBS];
    atomic_int sum;
    size_t threads;
    size_t failing; /* JOBS: none */
};

static int count_job(void *context, size_t thread, size_t job, struct error *err)
{
    struct jobs *jobs = context;

    atomic_fetch_add(&jobs->done[job], 1);
    atomic_fetch_add(&jobs->sum, 1);
    if (thread >= jobs->threads)
        return error_set(err, ERROR_SYSTEM, "thread %zu", thread);
    return job == jobs->failing ? error_set(err, ERROR_DENIED, "job %zu", job) : 0;
}

static void each_job_is_done_once(void **state)
{
    static const size_t threads[] = { 1, 3, PARALLEL_THREADS_MAX, 1000 };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
        struct jobs jobs = { .threads = MIN(threads[i], (size_t)PARALLEL_THREADS_MAX),
                             .failing = JOBS };
        struct error err = { 0 };

        assert_int_equal(parallel_run(JOBS, threads[i], count_job, &jobs, NULL, &err), 0);
        for (size_t k = 0; k < JOBS; k++)
            assert_int_equal(jobs.done[k], 1);
    }
}

static void nothing_begins_after_a_failure(void **state)
{
    struct jobs jobs = { .threads = 1, .failing = 3 };
    atomic_bool failed = false;
    struct error err = { 0 };

    (void)state;
    assert_int_equal(parallel_run(JOBS, 1, count_job, &jobs, &failed, &err), -1);
    assert_true(failed);
    assert_int_equal(err.code, ERROR_DENIED);
    assert_string_equal(err.text, "job 3");
    assert_int_equal(jobs.sum, 4);
}

static void no_jobs_are_no_failure(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(parallel_run(0, 3, count_job, NULL, NULL, &err), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_job_is_done_once),
        cmocka_unit_test(nothing_begins_after_a_failure),
        cmocka_unit_test(no_jobs_are_no_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
