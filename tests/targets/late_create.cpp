// SPDX-License-Identifier: Apache-2.0
//
// To be preloaded: a pthread_create that returns when the thread it made is gone.
#include <dlfcn.h>
#include <pthread.h>

#include "tests/support/gate.h"

extern "C" int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*routine)(void*),
                              void* argument) noexcept {
    const auto create = reinterpret_cast<decltype(&pthread_create)>(dlsym(RTLD_NEXT, "pthread_create"));
    const size_t before = gate::thread_count();
    const int error = create(thread, attributes, routine, argument);
    if (error == 0) gate::await_thread_count(before);
    return error;
}
