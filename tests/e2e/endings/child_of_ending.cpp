// SPDX-License-Identifier: Apache-2.0
//
// While main is in exit(5), and one of its handlers waits for another thread, that thread forks. The child ends as its
// last thread does, with status 0; a thread of it is still to be joined.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/support/gate.h"

namespace {

gate::Flag ending;
pthread_t forking;

void* come_and_go(void*) {
    return nullptr;
}

void* fork_one(void*) {
    ending.await_open();
    const pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        if (pthread_create(&thread, nullptr, come_and_go, nullptr) != 0) std::abort();
        return nullptr;
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child || status != 0) gate::say("child failed\n");
    return nullptr;
}

}  // namespace

int main() {
    std::atexit([] {
        ending.open();
        pthread_join(forking, nullptr);
    });
    if (pthread_create(&forking, nullptr, fork_one, nullptr) != 0) std::abort();
    std::exit(5);
}
