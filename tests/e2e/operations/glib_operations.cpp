// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of GLib.
#include <glib.h>

#include "tests/e2e/operations/operations.h"

namespace {

/// main has the locks.
GMutex g_mutex;
void lock_mutex() {
    g_mutex_lock(&g_mutex);  // SITE(g_mutex) lock_mutex
}

GRecMutex g_recursive;
void lock_recursive() {
    g_rec_mutex_lock(&g_recursive);  // SITE(g_rec_mutex) lock_recursive
}

GRWLock g_rwlock;
void lock_to_read() {
    g_rw_lock_reader_lock(&g_rwlock);  // SITE(g_rw_reader) lock_to_read
}

void lock_to_write() {
    g_rw_lock_writer_lock(&g_rwlock);  // SITE(g_rw_writer) lock_to_write
}

GMutex g_ready_mutex;
GCond g_ready;
void wait_for_condition() {
    g_mutex_lock(&g_ready_mutex);
    for (;;) g_cond_wait(&g_ready, &g_ready_mutex);  // SITE(g_cond) wait_for_condition
}

void wait_until() {
    g_mutex_lock(&g_ready_mutex);
    const gint64 end = g_get_monotonic_time() + 3600 * G_TIME_SPAN_SECOND;
    for (;;) g_cond_wait_until(&g_ready, &g_ready_mutex, end);  // SITE(g_cond_until) wait_until
}

GAsyncQueue* const g_queue = g_async_queue_new();
void pop() {
    g_async_queue_pop(g_queue);  // SITE(g_queue) pop
}

void pop_timed() {
    g_async_queue_timeout_pop(g_queue, 3600UL * G_USEC_PER_SEC);  // SITE(g_queue_timed) pop_timed
}

void* sit(void*) {
    GMutex mutex;
    g_mutex_init(&mutex);
    g_mutex_lock(&mutex);
    for (;;) g_mutex_lock(&mutex);
}

GOnce g_once = G_ONCE_INIT;
void once() {
    g_once(&g_once, sit, nullptr);  // SITE(g_once_too) once
}

void join() {
    g_thread_join(g_thread_new("joined", sit, nullptr));  // SITE(g_thread_join) join
}

void run_loop() {
    GMainContext* const context = g_main_context_new();
    g_main_loop_run(g_main_loop_new(context, FALSE));  // SITE(g_main_loop) run_loop
}

void sleep() {
    g_usleep(3600UL * G_USEC_PER_SEC);  // SITE(g_usleep) sleep
}

constexpr Operation kOperations[] = {
    {"g_mutex", lock_mutex},
    {"g_rec_mutex", lock_recursive},
    {"g_rw_reader", lock_to_read},
    {"g_rw_writer", lock_to_write},
    {"g_cond", wait_for_condition},
    {"g_cond_until", wait_until},
    {"g_queue", pop},
    {"g_queue_timed", pop_timed},
    {"g_once", once},
    {"g_once_too", once},
    {"g_thread_join", join},
    {"g_main_loop", run_loop},
    {"g_usleep", sleep},
};

}  // namespace

int main(int argc, char** argv) {
    g_mutex_lock(&g_mutex);
    g_rec_mutex_lock(&g_recursive);
    g_rw_lock_writer_lock(&g_rwlock);
    return enter_all(kOperations, argc, argv);
}
