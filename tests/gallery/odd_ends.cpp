// SPDX-License-Identifier: Apache-2.0
//
// Threads that end in unusual ways. unjoined: nobody joins one, nor lets go of it; detached: somebody lets go of it
// after it has ended. abandoned: main ends by pthread_exit, with the lock that a thread waits for; main_exits: without
// it. recovered: a thread ends with a robust mutex, and the next one puts it right (lock_of_exited_thread: one that
// nobody can put right).
#include <pthread.h>

#include <cerrno>
#include <mutex>
#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

std::mutex g_mutex;  // SITE(lock) g_mutex
pthread_mutex_t g_robust;
int g_done = 0;

void work() {
    ++g_done;
}

void* await_main(void*) {
    const std::lock_guard lock(g_mutex);  // SITE(block) await_main
    ++g_done;
    return nullptr;
}

int run_ended(bool detaches) {
    std::thread thread(work);  // SITE(created) run_ended
    gate::await_thread_count(1);
    if (detaches) {
        thread.detach();
    } else {
        new std::thread(std::move(thread));  // is not destroyed, which would end the program
    }
    return 0;
}

int end_main(bool has_lock) {
    if (has_lock) g_mutex.lock();
    pthread_t thread;
    pthread_create(&thread, nullptr, await_main, nullptr);
    pthread_detach(thread);
    if (has_lock) {
        gate::await_others_blocked(1);
        gate::say("stuck\n");
    }
    pthread_exit(nullptr);
}

void take_and_end() {
    pthread_mutex_lock(&g_robust);
}

void take_from_the_dead() {
    if (pthread_mutex_lock(&g_robust) != EOWNERDEAD) return;
    pthread_mutex_consistent(&g_robust);
    ++g_done;
    pthread_mutex_unlock(&g_robust);
}

int recover() {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&g_robust, &attributes);
    std::thread(take_and_end).join();
    std::thread(take_from_the_dead).join();
    std::thread again([] {
        pthread_mutex_lock(&g_robust);
        ++g_done;
        pthread_mutex_unlock(&g_robust);
    });
    again.join();
    return g_done == 2 ? 0 : 1;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "unjoined" || variant == "detached") return run_ended(variant == "detached");
    if (variant == "abandoned" || variant == "main_exits") return end_main(variant == "abandoned");
    if (variant == "recovered") return recover();
    return no_such_variant();
}
