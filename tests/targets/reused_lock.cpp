// SPDX-License-Identifier: Apache-2.0
//
// A thread exits with a lock that is none any more when the process ends:
//   reused_lock init       initialized anew
//   reused_lock assigned   assigned its initializer, then locked and unlocked
//   reused_lock rwlock     a rwlock, initialized anew
//   reused_lock freed      its memory was given back
//   reused_lock reused     its memory holds another one, over and over
//   reused_lock kept       (it is one still: the owner is to blame)
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

namespace {

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;

void* lock(void* one) {
    pthread_mutex_lock(static_cast<pthread_mutex_t*>(one));
    return nullptr;
}

void* write_lock(void*) {
    pthread_rwlock_wrlock(&rwlock);
    return nullptr;
}

void let_a_thread_end_with(void* (*take)(void*), void* one) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, take, one) != 0 || pthread_join(thread, nullptr) != 0) abort();
}

/// What the allocator keeps in freed memory is over the lock's words.
void free_locked() {
    auto* const one = static_cast<pthread_mutex_t*>(malloc(sizeof(pthread_mutex_t)));
    pthread_mutex_init(one, nullptr);
    let_a_thread_end_with(lock, one);
    memset(static_cast<void*>(one), 0x5a, sizeof(*one));
    free(one);
}

}  // namespace

int main(int argc, char** argv) {
    const char* const how = argc > 1 ? argv[1] : "";
    if (strcmp(how, "freed") == 0) {
        free_locked();
    } else if (strcmp(how, "reused") == 0) {
        for (int i = 0; i < 100; ++i) free_locked();
    } else if (strcmp(how, "rwlock") == 0) {
        let_a_thread_end_with(write_lock, nullptr);
        pthread_rwlock_init(&rwlock, nullptr);
    } else {
        let_a_thread_end_with(lock, &mutex);
        if (strcmp(how, "init") == 0) pthread_mutex_init(&mutex, nullptr);
        if (strcmp(how, "assigned") == 0) {
            mutex = PTHREAD_MUTEX_INITIALIZER;
            if (pthread_mutex_trylock(&mutex) != 0) abort();
            pthread_mutex_unlock(&mutex);
        }
    }
    return 0;
}
