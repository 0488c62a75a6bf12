// SPDX-License-Identifier: Apache-2.0
//
// A library that its opener lets find libc's own functions first (RTLD_DEEPBIND), or gives a libc of its
// own (dlmopen): its calls go past the wrappers.
#include <pthread.h>

/// Sets `*flag` under the caller's own mutex, and wakes who waits for that.
int set_and_signal(pthread_mutex_t* mutex, pthread_cond_t* condition, int* flag);
/// Takes and releases a lock of its own, a thousand times.
int use_own_lock(void);

int set_and_signal(pthread_mutex_t* mutex, pthread_cond_t* condition, int* flag) {
    int error = pthread_mutex_lock(mutex);
    if (error != 0) return error;
    *flag = 1;
    error = pthread_cond_signal(condition);
    return error != 0 ? error : pthread_mutex_unlock(mutex);
}

int use_own_lock(void) {
    static pthread_mutex_t own = PTHREAD_MUTEX_INITIALIZER;
    for (int i = 0; i < 1000; ++i) {
        if (pthread_mutex_lock(&own) != 0 || pthread_mutex_unlock(&own) != 0) return 1;
    }
    return 0;
}
