// SPDX-License-Identifier: Apache-2.0
//
// Millions of moments that look like a deadlock to a careless reader: "outer" threads lock a and then
// b; "inner" threads lock b, let it go and at once lock a. No thread ever waits for a while it holds b.
// Runs until it is killed; says "ready" when all threads are at it.
#include <pthread.h>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t a = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t b = PTHREAD_MUTEX_INITIALIZER;
pthread_rwlock_t c = PTHREAD_RWLOCK_INITIALIZER;
gate::Crossing start(5);

void* outer(void*) {
    start.arrive_and_await();
    for (;;) {
        pthread_mutex_lock(&a);
        pthread_rwlock_wrlock(&c);
        pthread_mutex_lock(&b);
        pthread_mutex_unlock(&b);
        pthread_rwlock_unlock(&c);
        pthread_mutex_unlock(&a);
    }
}

void* inner(void*) {
    start.arrive_and_await();
    for (;;) {
        pthread_mutex_lock(&b);
        pthread_mutex_unlock(&b);
        pthread_rwlock_rdlock(&c);
        pthread_rwlock_unlock(&c);
        pthread_mutex_lock(&a);
        pthread_mutex_unlock(&a);
    }
}

}  // namespace

int main() {
    pthread_t thread;
    for (auto* const routine : {outer, inner, outer, inner}) pthread_create(&thread, nullptr, routine, nullptr);
    start.arrive_and_await();
    gate::say("ready\n");
    pthread_join(thread, nullptr);
}
