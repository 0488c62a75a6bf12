// SPDX-License-Identifier: Apache-2.0
//
// Main takes lock after lock, and another thread unlocks each, while main goes on locking others. Returns
// from main when all are unlocked.
#include <pthread.h>

#include <atomic>
#include <vector>

namespace {

constexpr int kLocks = 20'000;
std::vector<pthread_mutex_t> g_handed_over(kLocks);  // zeros, as PTHREAD_MUTEX_INITIALIZER
pthread_mutex_t g_own[3] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
std::atomic<int> g_given{0};
std::atomic<int> g_unlocked{0};

void* unlock_each(void*) {
    for (int i = 0; i < kLocks; ++i) {
        while (g_given.load() <= i) {
        }
        pthread_mutex_unlock(&g_handed_over[static_cast<size_t>(i)]);
        g_unlocked = i + 1;
    }
    return nullptr;
}

/// Entries before and behind the one that is being freed are looked at and taken.
void lock_others(pthread_mutex_t& first, pthread_mutex_t& second) {
    pthread_mutex_lock(&first);
    pthread_mutex_lock(&second);
    pthread_mutex_unlock(&second);
    pthread_mutex_unlock(&first);
}

}  // namespace

int main() {
    pthread_t thread;
    pthread_create(&thread, nullptr, unlock_each, nullptr);
    for (int i = 0; i < kLocks; ++i) {
        pthread_mutex_lock(&g_own[0]);
        pthread_mutex_lock(&g_handed_over[static_cast<size_t>(i)]);
        pthread_mutex_unlock(&g_own[0]);
        g_given = i + 1;
        do {
            lock_others(g_own[1], g_own[2]);
        } while (g_unlocked.load() <= i);
    }
    pthread_join(thread, nullptr);
    return 0;
}
