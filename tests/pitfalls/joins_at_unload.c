// SPDX-License-Identifier: Apache-2.0
//
// A library that starts a thread when it is loaded, and ends and joins it when it is unloaded: its program leaves
// nothing behind.
#include <pthread.h>
#include <semaphore.h>

static sem_t end;
static pthread_t thread;

static void* serve(void* unused) {
    sem_wait(&end);
    return unused;
}

__attribute__((constructor)) static void begin(void) {
    sem_init(&end, 0, 0);
    pthread_create(&thread, 0, serve, 0);
}

__attribute__((destructor)) static void finish(void) {
    sem_post(&end);
    pthread_join(thread, 0);
}

int joined_at_unload(void) {
    return 0;
}
