// SPDX-License-Identifier: Apache-2.0
//
// Waits of Abseil: `abseil_waits CASE leaky|fixed`.
#include <absl/synchronization/mutex.h>

#include "tests/e2e/futex/leak.h"

namespace {

ABSL_CONST_INIT absl::Mutex g_mutex(absl::kConstInit);
void lock_mutex() {
    g_mutex.Lock();  // SITE(mutex) lock_mutex
    g_mutex.Unlock();
}
void unlock_mutex() {
    g_mutex.Unlock();
}

ABSL_CONST_INIT absl::Mutex g_ready_mutex(absl::kConstInit);
absl::CondVar g_condition;
bool is_ready = false;
void wait_for_condition() {
    absl::MutexLock lock(&g_ready_mutex);
    while (!is_ready) g_condition.Wait(&g_ready_mutex);  // SITE(condition) wait_for_condition
}
void signal_condition() {
    absl::MutexLock lock(&g_ready_mutex);
    is_ready = true;
    g_condition.Signal();
}

constexpr Leak kLeaks[] = {{"mutex", lock_mutex, unlock_mutex}, {"condition", wait_for_condition, signal_condition}};

}  // namespace

int main(int argc, char** argv) {
    g_mutex.Lock();
    return leak_or_join(kLeaks, argc, argv);
}
