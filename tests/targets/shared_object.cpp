// SPDX-License-Identifier: Apache-2.0
//
// `shared_object WHAT WHEN`: makes one synchronisation object that other processes may use, "early",
// before there is a recording, or "late"; then blocks a thread, says "ready", and stays. WHAT with
// "private-" before it makes one that others may not use.
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>

#include "tests/support/gate.h"

namespace {

int shared = PTHREAD_PROCESS_SHARED;
sem_t never_posted;

/// Makes attributes, and an object with them.
template <typename Object, typename Attributes, typename... More>
void make(int (*prepare)(Attributes*), int (*share)(Attributes*, int),
          int (*create)(Object*, const Attributes*, More...), More... more) {
    static Object object;
    Attributes attributes;
    if (prepare(&attributes) != 0 || share(&attributes, shared) != 0 || create(&object, &attributes, more...) != 0)
        abort();
}

void open_semaphore() {
    char name[32];
    snprintf(name, sizeof(name), "/shared_object_%d", getpid());
    sem_t* const semaphore = sem_open(name, O_CREAT | O_EXCL, 0600, 3);
    int value = 0;
    if (semaphore == SEM_FAILED || sem_getvalue(semaphore, &value) != 0 || value != 3) abort();
    if (sem_open(name, 0) != semaphore) abort();
    sem_unlink(name);
}

const std::map<std::string, std::function<void()>> kObjects = {
    {"mutex", [] { make(pthread_mutexattr_init, pthread_mutexattr_setpshared, pthread_mutex_init); }},
    {"rwlock", [] { make(pthread_rwlockattr_init, pthread_rwlockattr_setpshared, pthread_rwlock_init); }},
    {"condition", [] { make(pthread_condattr_init, pthread_condattr_setpshared, pthread_cond_init); }},
    {"barrier", [] { make(pthread_barrierattr_init, pthread_barrierattr_setpshared, pthread_barrier_init, 2U); }},
    {"spin",
     [] {
         static pthread_spinlock_t lock;
         pthread_spin_init(&lock, shared);
     }},
    {"semaphore",
     [] {
         static sem_t semaphore;
         sem_init(&semaphore, shared, 0);
     }},
    {"named-semaphore", open_semaphore},
};

void* block(void*) {
    sem_wait(&never_posted);
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    std::string what = argv[1];
    if (what.starts_with("private-")) {
        shared = PTHREAD_PROCESS_PRIVATE;
        what.erase(0, strlen("private-"));
    }
    const auto object = kObjects.find(what);
    if (object == kObjects.end()) return 2;
    const bool is_early = strcmp(argv[2], "early") == 0;
    if (is_early) object->second();
    pthread_t thread;
    pthread_create(&thread, nullptr, block, nullptr);
    if (!is_early) object->second();
    gate::say("ready\n");
    gate::Flag().await_open();
}
