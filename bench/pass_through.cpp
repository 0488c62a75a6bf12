// SPDX-License-Identifier: Apache-2.0
//
// A preload library that does nothing: the floor of what interposing costs. The functions that the
// benchmarks call, each forwarded through a pointer.
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>

namespace {

template <typename Function>
Function* next(const char* name, const char* version = nullptr) {
    void* const found = version != nullptr ? dlvsym(RTLD_NEXT, name, version) : dlsym(RTLD_NEXT, name);
    return reinterpret_cast<Function*>(found);
}

#define NEXT(name) (real_##name != nullptr ? real_##name : (real_##name = next<decltype(name)>(#name)))
#define FORWARDED(name) decltype(name)* real_##name = nullptr

FORWARDED(pthread_mutex_lock);
FORWARDED(pthread_mutex_unlock);
FORWARDED(pthread_rwlock_rdlock);
FORWARDED(pthread_rwlock_unlock);
FORWARDED(sem_post);
FORWARDED(sem_wait);
FORWARDED(pthread_create);
FORWARDED(pthread_join);
FORWARDED(read);
decltype(pthread_cond_wait)* real_cond_wait = nullptr;
decltype(pthread_cond_signal)* real_cond_signal = nullptr;

}  // namespace

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    return NEXT(pthread_mutex_lock)(mutex);
}
int pthread_mutex_unlock(pthread_mutex_t* mutex) noexcept {
    return NEXT(pthread_mutex_unlock)(mutex);
}
int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
    return NEXT(pthread_rwlock_rdlock)(lock);
}
int pthread_rwlock_unlock(pthread_rwlock_t* lock) noexcept {
    return NEXT(pthread_rwlock_unlock)(lock);
}
int sem_post(sem_t* semaphore) noexcept {
    return NEXT(sem_post)(semaphore);
}
int sem_wait(sem_t* semaphore) {
    return NEXT(sem_wait)(semaphore);
}
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*),
                   void* argument) noexcept {
    return NEXT(pthread_create)(thread, attributes, start, argument);
}
int pthread_join(pthread_t thread, void** result) {
    return NEXT(pthread_join)(thread, result);
}
ssize_t read(int file, void* bytes, size_t count) {
    return NEXT(read)(file, bytes, count);
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
    if (real_cond_wait == nullptr)
        real_cond_wait = next<decltype(pthread_cond_wait)>("pthread_cond_wait", "GLIBC_2.3.2");
    return real_cond_wait(condition, mutex);
}
int pthread_cond_signal(pthread_cond_t* condition) noexcept {
    if (real_cond_signal == nullptr)
        real_cond_signal = next<decltype(pthread_cond_signal)>("pthread_cond_signal", "GLIBC_2.3.2");
    return real_cond_signal(condition);
}

}  // extern "C"
