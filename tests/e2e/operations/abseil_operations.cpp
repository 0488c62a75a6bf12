// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of Abseil.
#include <absl/synchronization/barrier.h>
#include <absl/synchronization/blocking_counter.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <absl/time/clock.h>

#include "tests/e2e/operations/operations.h"

namespace {

/// main has it.
ABSL_CONST_INIT absl::Mutex g_mutex(absl::kConstInit);
void lock_mutex() {
    g_mutex.Lock();  // SITE(mutex) lock_mutex
}

void lock_to_read() {
    g_mutex.ReaderLock();  // SITE(reader) lock_to_read
}

absl::Mutex g_ready_mutex;
absl::CondVar g_ready;
void wait_for_condition() {
    absl::MutexLock lock(&g_ready_mutex);
    for (;;) g_ready.Wait(&g_ready_mutex);  // SITE(condvar) wait_for_condition
}

void wait_a_while() {
    absl::MutexLock lock(&g_ready_mutex);
    for (;;) g_ready.WaitWithTimeout(&g_ready_mutex, absl::Hours(1));  // SITE(condvar_timed) wait_a_while
}

bool g_true_never = false;
void await() {
    absl::MutexLock lock(&g_ready_mutex);
    g_ready_mutex.Await(absl::Condition(&g_true_never));  // SITE(await) await
}

absl::Notification g_notification;
void wait_for_notification() {
    g_notification.WaitForNotification();  // SITE(notification) wait_for_notification
}

absl::BlockingCounter g_counter(1);
void wait_for_counter() {
    g_counter.Wait();  // SITE(counter) wait_for_counter
}

absl::Barrier g_barrier(2);
void wait_at_barrier() {
    g_barrier.Block();  // SITE(barrier) wait_at_barrier
}

void sleep() {
    absl::SleepFor(absl::Hours(1));  // SITE(sleep) sleep
}

constexpr Operation kOperations[] = {
    {"mutex", lock_mutex},
    {"reader", lock_to_read},
    {"condvar", wait_for_condition},
    {"condvar_timed", wait_a_while},
    {"await", await},
    {"notification", wait_for_notification},
    {"counter", wait_for_counter},
    {"barrier", wait_at_barrier},
    {"sleep", sleep},
};

}  // namespace

int main(int argc, char** argv) {
    g_mutex.Lock();
    return enter_all(kOperations, argc, argv);
}
