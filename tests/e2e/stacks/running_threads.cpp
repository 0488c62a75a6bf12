// SPDX-License-Identifier: Apache-2.0
//
// Threads that run and never wait. Says "running" when all do.
//
//   running_threads wait      until SIGUSR2, then stops them and says how it went
//   running_threads exit      calls exit from a thread of its own while they run
//   running_threads exec      becomes another program while they run
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atomic>

#include "tests/e2e/stacks/awaited_signal.h"
#include "tests/support/gate.h"

namespace {

std::atomic<bool> stop{false};
std::atomic<long> rounds[2];
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

long spin(int place) {
    while (!stop.load()) rounds[place].fetch_add(1);
    return rounds[place].load();
}

long spin_deep(int depth) {
    if (depth > 0) return spin_deep(depth - 1) + 1;  // SITE(deeper) spin_deep
    return spin(0);                                  // SITE(deep) spin_deep
}

void* begin_bare(void*) {
    pthread_setname_np(pthread_self(), "bare");
    return reinterpret_cast<void*>(spin_deep(2));  // SITE(bare) begin_bare
}

void note() {
    pthread_mutex_lock(&lock);  // SITE(noted) note
}

void* begin_noted(void*) {
    pthread_setname_np(pthread_self(), "noted");
    note();
    const long done = spin(1);
    pthread_mutex_unlock(&lock);
    return reinterpret_cast<void*>(done);
}

void* leave(void*) {
    exit(0);  // SITE(exit) leave
}

}  // namespace

int main(int, char** arguments) {
    const AwaitedSignal go_on;
    pthread_t threads[2];
    pthread_create(&threads[0], nullptr, begin_bare, nullptr);
    pthread_create(&threads[1], nullptr, begin_noted, nullptr);
    gate::await([] { return rounds[0].load() > 0 && rounds[1].load() > 0; });
    gate::say("running\n");
    if (strcmp(arguments[1], "exit") == 0) {
        pthread_t ender;
        pthread_create(&ender, nullptr, leave, nullptr);
        pthread_join(ender, nullptr);
    }
    if (strcmp(arguments[1], "exec") == 0) execl("/bin/true", "true", nullptr);
    go_on.await();
    const long before[2] = {rounds[0].load(), rounds[1].load()};
    gate::await([&] { return rounds[0].load() > before[0] && rounds[1].load() > before[1]; });
    stop = true;
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
    gate::say("all went on\n");
    return 0;
}
