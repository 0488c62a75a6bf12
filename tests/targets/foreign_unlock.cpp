// SPDX-License-Identifier: Apache-2.0
//
// A mutex used as a semaphore: main locks it, another thread unlocks it, main locks it again and then,
// once more, waits for ever for what it holds itself.
#include <pthread.h>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t handed_over = PTHREAD_MUTEX_INITIALIZER;

void* unlock_it(void*) {
    pthread_mutex_unlock(&handed_over);
    return nullptr;
}

}  // namespace

int main() {
    pthread_t other;
    pthread_mutex_lock(&handed_over);
    pthread_create(&other, nullptr, unlock_it, nullptr);
    pthread_join(other, nullptr);
    pthread_mutex_lock(&handed_over);
    gate::say("stuck\n");
    pthread_mutex_lock(&handed_over);
}
