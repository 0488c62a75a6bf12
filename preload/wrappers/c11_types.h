// SPDX-License-Identifier: Apache-2.0
//
// libc's C11 objects are its pthread ones under another name.
#pragma once

#include <pthread.h>
#include <threads.h>

namespace preload {

inline pthread_mutex_t* pthread_mutex_of(mtx_t* mutex) {
    return reinterpret_cast<pthread_mutex_t*>(mutex);
}

inline pthread_cond_t* pthread_cond_of(cnd_t* condition) {
    return reinterpret_cast<pthread_cond_t*>(condition);
}

}  // namespace preload
