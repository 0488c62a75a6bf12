/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program can ask of, and tell, the library that observes it. C99 and C++, no library to link:
 * every function of the library is a weak symbol. A program that runs without it, or with one that lacks
 * a function, goes on; what each call does then stands with it ("without the library").
 *
 * All calls may be made from any thread and at any time, in signal handlers too. They do not block,
 * allocate, or change errno.
 */
#ifndef LOITER_LOITER_H
#define LOITER_LOITER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Threads of this process by state, with the words of the report. Set `size` before the call. */
struct loiter_counts {
    size_t size;            /* sizeof(struct loiter_counts) of the caller */
    unsigned threads;       /* all of the following together, main included */
    unsigned blocked;       /* in an untimed wait inside the process: locks, conditions, joins, futexes, ... */
    unsigned alive;         /* everything else that has not ended: running, sleeping, in I/O, in a timed wait */
    unsigned unjoined;      /* ended, and neither joined nor detached */
    unsigned created_total; /* ever seen, main included */
    unsigned lost;          /* found no room in the recording; they are in no other count */
};

/* One thread that is still there. The library sets the fields that fit the `size` given to it. */
struct loiter_thread {
    unsigned number;     /* the report's T<number>, never reused */
    int tid;             /* kernel id; 0: it has only just been created */
    unsigned created_by; /* number of its creator; 0: not known */
    const char* state;   /* the report's word: "mutex lock", "running", "exited"; for input and output "io" */
    const char* label;   /* see loiter_set_label; NULL: none. Stays valid */
    char name[16];       /* as pthread_setname_np gave it */
};

/* A moment in the life of the process: separates threads created before it from those created later.
 * 0 stands for its beginning. */
typedef unsigned long long loiter_mark_t;

/* What a thread wants of a lock of the program's own; bits. */
enum {
    LOITER_EXCLUSIVE = 0,
    LOITER_SHARED = 1, /* for reading: with others that read */
    LOITER_TIMED = 2   /* loiter_lock_waiting: it will give up after some time, so it can close no deadlock */
};

/* The library's side. Weak: the addresses are null without it. Call the functions below instead. */
#ifndef LOITER_API
/* noplt: even a program at a fixed address asks the loader, where the linker would settle for null. */
#if defined(__has_attribute)
#if __has_attribute(noplt)
#define LOITER_API __attribute__((weak, noplt))
#endif
#endif
#ifndef LOITER_API
#define LOITER_API __attribute__((weak))
#endif
#endif
LOITER_API int loiter_api_is_active(void);
LOITER_API int loiter_api_count_threads(struct loiter_counts* counts);
LOITER_API loiter_mark_t loiter_api_mark(void);
LOITER_API size_t loiter_api_threads_since(loiter_mark_t mark, const char* label, struct loiter_thread* threads,
                                           size_t capacity, size_t size);
LOITER_API int loiter_api_set_label(const char* label);
LOITER_API const char* loiter_api_label(void);
LOITER_API int loiter_api_expect_thread(int next);
LOITER_API int loiter_api_name_lock(const volatile void* lock, const char* name);
LOITER_API void loiter_api_lock_waiting(const volatile void* lock, int mode);
LOITER_API void loiter_api_lock_given_up(const volatile void* lock);
LOITER_API void loiter_api_lock_acquired(const volatile void* lock, int mode);
LOITER_API void loiter_api_lock_released(const volatile void* lock);

#ifndef LOITER_ONLY_DECLARATIONS

/* Part of its caller, optimized or not: reports leave these functions out. */
#define LOITER_INLINE static inline __attribute__((always_inline))

/* The library's function, or null. clang knows no noplt. */
#if defined(__clang__) && defined(__x86_64__) && !defined(__PIC__)
#define LOITER_FIND(function)                                                                          \
    __extension__({                                                                                    \
        __typeof__(&function) loiter_found;                                                            \
        __asm__(".weak " #function "\n\tmovq " #function "@GOTPCREL(%%rip), %0" : "=r"(loiter_found)); \
        loiter_found;                                                                                  \
    })
#else
#define LOITER_FIND(function) (&function)
#endif

/* Whether this process is observed: 1, or 0. Without the library: 0. */
LOITER_INLINE int loiter_is_active(void) {
    int (*const found)(void) = LOITER_FIND(loiter_api_is_active);
    return found ? found() : 0;
}

/* Counts the threads. O(threads). Returns 0; without the library -1, and every count is 0.
 * Before the first thread is created, and where nothing else needed a recording so far, there is one
 * thread and it is alive. */
LOITER_INLINE int loiter_count_threads(struct loiter_counts* counts) {
    int (*const found)(struct loiter_counts*) = LOITER_FIND(loiter_api_count_threads);
    counts->size = sizeof(*counts);
    counts->threads = counts->blocked = counts->alive = counts->unjoined = counts->created_total = counts->lost = 0;
    return found ? found(counts) : -1;
}

/* This moment. Without the library: 0. */
LOITER_INLINE loiter_mark_t loiter_mark(void) {
    loiter_mark_t (*const found)(void) = LOITER_FIND(loiter_api_mark);
    return found ? found() : 0;
}

/* The threads that were created after `mark` and are still there: alive, blocked, or ended and unjoined.
 * Neither the caller, nor main, nor those that are expected to stay; with a label, those with that one alone.
 * Returns how many there are, and fills `threads` with as many of them as it has room for, oldest first;
 * `threads` may be null where `capacity` is 0. In a forked child a mark of its parent stands for the fork.
 * Without the library: 0. */
LOITER_INLINE size_t loiter_threads_labelled(loiter_mark_t mark, const char* label, struct loiter_thread* threads,
                                             size_t capacity) {
    size_t (*const found)(loiter_mark_t, const char*, struct loiter_thread*, size_t, size_t) =
        LOITER_FIND(loiter_api_threads_since);
    return found ? found(mark, label, threads, capacity, sizeof(struct loiter_thread)) : 0;
}

/* The same, with any label or none. */
LOITER_INLINE size_t loiter_threads_since(loiter_mark_t mark, struct loiter_thread* threads, size_t capacity) {
    return loiter_threads_labelled(mark, (const char*)0, threads, capacity);
}

/* Says what the calling thread works on, a test for example; null or "": nothing any more. Every thread that
 * it creates from then on begins with the same label, and so do those that these create: a thread is
 * told by what it was created for, however late it shows. At most 255 bytes count. A forked child begins
 * without one. Returns 0, or -1 where that could not be recorded. Without the library: -1. */
LOITER_INLINE int loiter_set_label(const char* label) {
    int (*const found)(const char*) = LOITER_FIND(loiter_api_set_label);
    return found ? found(label) : -1;
}

/* The calling thread's label, which stays valid; null: none. Without the library: null. */
LOITER_INLINE const char* loiter_label(void) {
    const char* (*const found)(void) = LOITER_FIND(loiter_api_label);
    return found ? found() : (const char*)0;
}

/* The calling thread is meant to be there to the end: that it is blocked, alive or unjoined then is no
 * finding. (That it is in a deadlock is.) Returns 0. Without the library: -1. */
LOITER_INLINE int loiter_expect_this_thread(void) {
    int (*const found)(int) = LOITER_FIND(loiter_api_expect_thread);
    return found ? found(0) : -1;
}

/* The same for the next thread that the calling one creates. */
LOITER_INLINE int loiter_expect_next_thread(void) {
    int (*const found)(int) = LOITER_FIND(loiter_api_expect_thread);
    return found ? found(1) : -1;
}

/* Names a lock, condition, semaphore, ... for the report, instead of its address or symbol; null or "": takes
 * the name away, as destroying or initializing a mutex, rwlock or spin lock does. (A std::mutex does neither:
 * take the name away before its memory becomes something else.) A forked child begins without names. Returns 0, or -1
 * where there is no room for one more name. Without the library: -1. */
LOITER_INLINE int loiter_name_lock(const volatile void* lock, const char* name) {
    int (*const found)(const volatile void*, const char*) = LOITER_FIND(loiter_api_name_lock);
    return found ? found(lock, name) : -1;
}

/* A lock that the program made itself, of atomics and futexes for example, takes part in holds, waits and
 * deadlocks by these four. The lock is whatever has the address. Without the library: nothing.
 *
 *   if (!try_lock(lock)) {
 *       loiter_lock_waiting(lock, LOITER_EXCLUSIVE);
 *       while (!try_lock(lock)) wait_a_little(lock);     // waits in here count as the wait for the lock
 *   }
 *   loiter_lock_acquired(lock, LOITER_EXCLUSIVE);        // ends the wait, if one was said
 *   ...
 *   loiter_lock_released(lock);                          // while it is still the caller's
 *   unlock(lock);
 *
 * A wait that comes to nothing ends by loiter_lock_given_up. Who takes again what it has, releases it as
 * often. A release by a thread that does not have the lock is noted on it: no deadlock on it is called
 * proved from then on. */
LOITER_INLINE void loiter_lock_waiting(const volatile void* lock, int mode) {
    void (*const found)(const volatile void*, int) = LOITER_FIND(loiter_api_lock_waiting);
    if (found) found(lock, mode);
}
LOITER_INLINE void loiter_lock_given_up(const volatile void* lock) {
    void (*const found)(const volatile void*) = LOITER_FIND(loiter_api_lock_given_up);
    if (found) found(lock);
}
LOITER_INLINE void loiter_lock_acquired(const volatile void* lock, int mode) {
    void (*const found)(const volatile void*, int) = LOITER_FIND(loiter_api_lock_acquired);
    if (found) found(lock, mode);
}
LOITER_INLINE void loiter_lock_released(const volatile void* lock) {
    void (*const found)(const volatile void*) = LOITER_FIND(loiter_api_lock_released);
    if (found) found(lock);
}

#endif /* LOITER_ONLY_DECLARATIONS */

#ifdef __cplusplus
}
#endif

#endif /* LOITER_LOITER_H */
