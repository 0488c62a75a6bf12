// SPDX-License-Identifier: Apache-2.0
//
// Waits of GLib: `glib_waits CASE leaky|fixed`.
#include <glib.h>

#include "tests/e2e/futex/leak.h"

namespace {

GMutex g_mutex;
const bool is_locked = (g_mutex_lock(&g_mutex), true);
void lock_mutex() {
    g_mutex_lock(&g_mutex);  // SITE(mutex) lock_mutex
    g_mutex_unlock(&g_mutex);
}
void unlock_mutex() {
    g_mutex_unlock(&g_mutex);
}

GMutex g_ready_mutex;
GCond g_condition;
bool is_ready = false;
void wait_for_condition() {
    g_mutex_lock(&g_ready_mutex);
    while (!is_ready) g_cond_wait(&g_condition, &g_ready_mutex);  // SITE(condition) wait_for_condition
    g_mutex_unlock(&g_ready_mutex);
}
void signal_condition() {
    g_mutex_lock(&g_ready_mutex);
    is_ready = true;
    g_cond_signal(&g_condition);
    g_mutex_unlock(&g_ready_mutex);
}

GAsyncQueue* const g_queue = g_async_queue_new();
void pop() {
    g_async_queue_pop(g_queue);  // SITE(queue) pop
}
void push() {
    g_async_queue_push(g_queue, &is_ready);
}

constexpr Leak kLeaks[] = {
    {"mutex", lock_mutex, unlock_mutex}, {"condition", wait_for_condition, signal_condition}, {"queue", pop, push}};

}  // namespace

int main(int argc, char** argv) {
    return is_locked ? leak_or_join(kLeaks, argc, argv) : 2;
}
