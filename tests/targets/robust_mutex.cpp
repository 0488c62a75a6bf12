// SPDX-License-Identifier: Apache-2.0
//
// A robust mutex whose owner ends. `robust_mutex taken`: another thread takes it, and says what it was
// told; `robust_mutex left`: nobody does; `robust_mutex dropped`: it is unlocked without having been made
// consistent, and of no use from then on.
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t mutex;
gate::Flag ending;

void* lock_and_end(void*) {
    pthread_mutex_lock(&mutex);
    ending.await_open();
    return nullptr;
}

const char* name_of(int error) {
    switch (error) {
        case 0: return "locked";
        case EOWNERDEAD: return "EOWNERDEAD";
        case ENOTRECOVERABLE: return "ENOTRECOVERABLE";
        default: return "other";
    }
}

/// Blocked in the lock when the owner ends.
void* lock_after(void*) {
    const int error = pthread_mutex_lock(&mutex);
    printf("%s\n", name_of(error));
    return nullptr;
}

}  // namespace

int main(int, char** argv) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&mutex, &attributes);

    pthread_t owner;
    pthread_create(&owner, nullptr, lock_and_end, nullptr);
    gate::await([] { return mutex.__data.__lock != 0; });
    pthread_t next;
    const bool is_left = strcmp(argv[1], "left") == 0;
    if (!is_left) {
        pthread_create(&next, nullptr, lock_after, nullptr);
        gate::await([] { return static_cast<unsigned>(mutex.__data.__lock) >> 31 != 0; });  // a waiter is noted
    }
    ending.open();
    pthread_join(owner, nullptr);
    if (is_left) return 0;
    pthread_join(next, nullptr);
    if (strcmp(argv[1], "taken") == 0) {
        // Its second owner ended as well.
        lock_after(nullptr);
        pthread_mutex_consistent(&mutex);
        pthread_mutex_unlock(&mutex);
    } else {
        printf("%s\n", name_of(pthread_mutex_trylock(&mutex)));
        pthread_mutex_unlock(&mutex);
    }
    for (int i = 0; i < 2; ++i) {
        pthread_create(&next, nullptr, lock_after, nullptr);
        pthread_join(next, nullptr);
    }
    return 0;
}
