/* SPDX-License-Identifier: MIT */

/*
 * Scope-bound cleanup
 *
 * A variable that owns something says so where it is declared, and gives it up only
 * through STEAL_PTR() or STEAL_FD(). Every owner is initialised at its declaration.
 *
 *     AUTO_CLOSE int fd = -1;
 *     AUTO(pool) struct pool *pool = NULL;
 */

#pragma once

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define AUTO_FREE __attribute__((cleanup(cleanup_free)))
#define AUTO_CLOSE __attribute__((cleanup(cleanup_close)))
#define AUTO(module) __attribute__((cleanup(module##_cleanup)))

/* Lets AUTO(module) call module_free(); put it under the declaration of module_free(). */
#define DEFINE_CLEANUP(module)                                 \
    static inline void module##_cleanup(struct module **owner) \
    {                                                          \
        module##_free(*owner);                                 \
    }

/* Take the value out of an owner, which is left empty. */
#define STEAL_PTR(owner)                        \
    ({                                          \
        __typeof__(&(owner)) owner_ = &(owner); \
        __typeof__(owner) value_ = *owner_;     \
        *owner_ = NULL;                         \
        value_;                                 \
    })
#define STEAL_FD(owner)         \
    ({                          \
        int *owner_ = &(owner); \
        int value_ = *owner_;   \
        *owner_ = -1;           \
        value_;                 \
    })

static inline void cleanup_free(void *owner)
{
    free(*(void **)owner);
}

/* Keeps errno, so that a function may report it after its descriptors are gone. */
static inline void cleanup_close(const int *owner)
{
    int saved = errno;

    if (*owner >= 0)
        close(*owner);
    errno = saved;
}
