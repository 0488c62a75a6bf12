// SPDX-License-Identifier: Apache-2.0
//
// A lock that processes share: the child has it for as long as its parent lives, and a thread of the parent
// waits for it. fixed: the child is told to let go.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

pthread_mutex_t* g_shared = nullptr;

pthread_mutex_t* make_shared_mutex() {
    void* const memory =
        mmap(nullptr, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const mutex = static_cast<pthread_mutex_t*>(memory);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(mutex, &attributes);
    return mutex;
}

/// In the child, until the other end of `told` is written to, or closed.
void hold(int told, int tells) {
    pthread_mutex_lock(g_shared);
    char byte = 'l';
    if (write(tells, &byte, 1) != 1) _exit(3);
    if (read(told, &byte, 1) < 0) _exit(4);
    pthread_mutex_unlock(g_shared);
    _exit(0);
}

void use() {
    pthread_mutex_lock(g_shared);  // SITE(block) use
    pthread_mutex_unlock(g_shared);
}
// WRAP(use)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant != "leaky" && variant != "fixed") return no_such_variant();
    g_shared = make_shared_mutex();
    int to_child[2];
    int to_parent[2];
    if (pipe(to_child) != 0 || pipe(to_parent) != 0) return 5;
    const pid_t child = fork();
    if (child == 0) {
        close(to_child[1]);
        hold(to_child[0], to_parent[1]);
    }
    char byte = 0;
    if (read(to_parent[0], &byte, 1) != 1) return 6;
    std::thread user(use);  // SITE(created) main
    gate::await_others_blocked(1);
    if (variant == "leaky") {
        user.detach();
        return 0;
    }
    if (write(to_child[1], &byte, 1) != 1) return 7;
    user.join();
    return waitpid(child, nullptr, 0) == child ? 0 : 8;
}
