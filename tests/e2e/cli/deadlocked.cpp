// SPDX-License-Identifier: Apache-2.0
//
// Two threads wait for each other's mutex, main for both; says "ready" when they do.
#include <pthread.h>

#include <thread>

#include "tests/support/gate.h"

namespace {

pthread_mutex_t first = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t second = PTHREAD_MUTEX_INITIALIZER;
gate::Flag has_first;
gate::Flag has_second;

void take(pthread_mutex_t& one, gate::Flag& has_one, gate::Flag& has_other, pthread_mutex_t& other) {
    pthread_mutex_lock(&one);
    has_one.open();
    has_other.await_open();
    pthread_mutex_lock(&other);
}

}  // namespace

int main() {
    std::thread one([] { take(first, has_first, has_second, second); });
    std::thread two([] { take(second, has_second, has_first, first); });
    gate::await_others_blocked(2);
    gate::say("ready\n");
    one.join();
    two.join();
}
