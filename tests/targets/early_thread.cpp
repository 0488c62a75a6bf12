// SPDX-License-Identifier: Apache-2.0
//
// A library whose constructor runs before every other and starts a thread that blocks for ever.
#include <pthread.h>
#include <semaphore.h>

namespace {

sem_t never_posted;

void* block_early(void*) {
    sem_wait(&never_posted);
    return nullptr;
}

[[gnu::constructor]] void start_early() {
    pthread_t thread;
    sem_init(&never_posted, 0, 0);
    pthread_create(&thread, nullptr, block_early, nullptr);
}

}  // namespace
