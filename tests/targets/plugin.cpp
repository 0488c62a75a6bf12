// SPDX-License-Identifier: Apache-2.0
//
// A library that is only ever loaded at run time, with a lock of its own.
#include <pthread.h>

extern "C" pthread_mutex_t plugin_lock;
pthread_mutex_t plugin_lock = PTHREAD_MUTEX_INITIALIZER;
