// SPDX-License-Identifier: Apache-2.0
//
//     loading deepbind|namespace PLUGIN
//
// A library whose calls go past the wrappers works on the locks of the program, or on its own; 7 when all
// came out right.
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

namespace {

constexpr int kStatus = 7;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
int flag = 0;

using SetAndSignal = int (*)(pthread_mutex_t*, pthread_cond_t*, int*);
using UseOwnLock = int (*)();

void check(bool holds) {
    if (!holds) abort();
}

template <typename Function>
Function find(void* library, const char* name) {
    void* const found = dlsym(library, name);
    check(found != nullptr);
    return reinterpret_cast<Function>(found);
}

void* wait_for_flag(void*) {
    check(pthread_mutex_lock(&mutex) == 0);
    while (flag == 0) check(pthread_cond_wait(&condition, &mutex) == 0);
    flag = 0;
    check(pthread_mutex_unlock(&mutex) == 0);
    return nullptr;
}

/// A lock that the program takes and the library releases, and the other way round, is one lock.
void work_together(void* library) {
    const auto set_and_signal = find<SetAndSignal>(library, "set_and_signal");
    for (int i = 0; i < 100; ++i) {
        pthread_t waiter;
        check(pthread_create(&waiter, nullptr, wait_for_flag, nullptr) == 0);
        check(set_and_signal(&mutex, &condition, &flag) == 0);
        check(pthread_join(waiter, nullptr) == 0);
        check(pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return 2;
    const bool is_apart = strcmp(argv[1], "namespace") == 0;
    void* const library =
        is_apart ? dlmopen(LM_ID_NEWLM, argv[2], RTLD_NOW) : dlopen(argv[2], RTLD_NOW | RTLD_DEEPBIND);
    check(library != nullptr);
    if (!is_apart) work_together(library);
    check(find<UseOwnLock>(library, "use_own_lock")() == 0);
    check(dlclose(library) == 0);
    return kStatus;
}
