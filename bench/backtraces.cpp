// SPDX-License-Identifier: Apache-2.0
//
// A preload library that takes the stack of each mutex lock by libunwind's quickest way, and drops it: what others
// would pay for the stack alone.
#define UNW_LOCAL_ONLY
#include <dlfcn.h>
#include <libunwind.h>
#include <pthread.h>

extern "C" int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
    constexpr int kMostFrames = 64;
    static const auto real = reinterpret_cast<decltype(&pthread_mutex_lock)>(dlsym(RTLD_NEXT, "pthread_mutex_lock"));
    static thread_local bool is_inside = false;  // libunwind locks as well
    if (!is_inside) {
        is_inside = true;
        void* frames[kMostFrames];
        unw_backtrace(frames, kMostFrames);
        is_inside = false;
    }
    return real(mutex);
}
