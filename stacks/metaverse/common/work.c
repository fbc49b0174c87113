/* SPDX-License-Identifier: MIT */

/*
 * Work beside the event loop
 */

#include "common/work.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/error.h"

#define STACK_SIZE (512 * 1024)

/* First in, first out; `tail` points to the pointer where the next item goes. */
struct queue {
    struct work_item *head;
    struct work_item **tail;
    size_t length;
};

struct work {
    struct work_options options;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct queue waiting;
    struct queue finished;
    bool is_closing;
    int fd;
    size_t thread_count;
    pthread_t threads[];
};

static void queue_init(struct queue *queue)
{
    *queue = (struct queue){ .tail = &queue->head };
}

static void queue_add(struct queue *queue, struct work_item *item)
{
    item->next = NULL;
    *queue->tail = item;
    queue->tail = &item->next;
    queue->length++;
}

static struct work_item *queue_take(struct queue *queue)
{
    struct work_item *item = queue->head;

    queue->head = item->next;
    if (!queue->head)
        queue->tail = &queue->head;
    queue->length--;
    return item;
}

/* The next item to do, or NULL when the thread is to end. */
static struct work_item *wait_for_item(struct work *work)
{
    struct work_item *item = NULL;

    pthread_mutex_lock(&work->lock);
    while (!work->waiting.head && !work->is_closing)
        pthread_cond_wait(&work->wake, &work->lock);
    if (work->waiting.head)
        item = queue_take(&work->waiting);
    pthread_mutex_unlock(&work->lock);
    return item;
}

static void hand_back(struct work *work, struct work_item *item)
{
    uint64_t one = 1;

    pthread_mutex_lock(&work->lock);
    queue_add(&work->finished, item);
    pthread_mutex_unlock(&work->lock);
    /* It can only fail when the counter is full, and then the loop is awake already. */
    if (write(work->fd, &one, sizeof(one)) < 0)
        return;
}

static void *thread_main(void *context)
{
    struct work *work = context;
    struct work_item *item = NULL;
    void *slot = NULL;

    while ((item = wait_for_item(work))) {
        work->options.run(work->options.context, &slot, item);
        hand_back(work, item);
    }
    if (slot)
        work->options.release(work->options.context, slot);
    return NULL;
}

/* Signals are the loop's business, so the threads start with all of them blocked. */
static int start_threads(struct work *work, struct error *err)
{
    pthread_attr_t attributes;
    sigset_t all;
    sigset_t old;
    int code = 0;

    sigfillset(&all);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    while (code == 0 && work->thread_count < work->options.threads) {
        code = pthread_create(&work->threads[work->thread_count], &attributes, thread_main, work);
        if (code == 0)
            work->thread_count++;
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attributes);
    return code == 0 ? 0 : error_set_errno(err, code, "start a worker thread");
}

int work_open(const struct work_options *options, struct work **work_out, struct error *err)
{
    struct work *work = alloc_zeroed(1, sizeof(struct work) + options->threads * sizeof(pthread_t));

    work->options = *options;
    pthread_mutex_init(&work->lock, NULL);
    pthread_cond_init(&work->wake, NULL);
    queue_init(&work->waiting);
    queue_init(&work->finished);
    work->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (work->fd < 0) {
        error_set_errno(err, errno, "make an event descriptor");
        work_close(work);
        return -1;
    }
    if (start_threads(work, err) < 0) {
        work_close(work);
        return -1;
    }
    *work_out = work;
    return 0;
}

void work_close(struct work *work)
{
    if (!work)
        return;
    pthread_mutex_lock(&work->lock);
    work->is_closing = true;
    pthread_cond_broadcast(&work->wake);
    pthread_mutex_unlock(&work->lock);
    for (size_t i = 0; i < work->thread_count; i++)
        pthread_join(work->threads[i], NULL);
    work_collect(work);
    if (work->fd >= 0)
        close(work->fd);
    pthread_cond_destroy(&work->wake);
    pthread_mutex_destroy(&work->lock);
    free(work);
}

bool work_add(struct work *work, struct work_item *item)
{
    bool is_room = false;

    pthread_mutex_lock(&work->lock);
    is_room = work->waiting.length < work->options.queue_max;
    if (is_room) {
        queue_add(&work->waiting, item);
        pthread_cond_signal(&work->wake);
    }
    pthread_mutex_unlock(&work->lock);
    return is_room;
}

int work_get_fd(const struct work *work)
{
    return work->fd;
}

void work_collect(struct work *work)
{
    struct work_item *item = NULL;
    uint64_t count = 0;

    /* Nothing to read is fine: the items, not the counter, are the truth. */
    if (read(work->fd, &count, sizeof(count)) < 0)
        count = 0;
    pthread_mutex_lock(&work->lock);
    item = work->finished.head;
    queue_init(&work->finished);
    pthread_mutex_unlock(&work->lock);
    while (item) {
        struct work_item *next = item->next;

        work->options.done(work->options.context, item);
        item = next;
    }
}
