// SPDX-License-Identifier: Apache-2.0
//
// Threads that use a primitive of each kind together and count what they did; 0 when the counts are right.
//     work          prints them and returns
//     work leave    also leaves a thread blocked on a condition, and exits with 7
// C, and nothing but POSIX: it is built for other C libraries and by sanitizers too.
#define _XOPEN_SOURCE 700
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { kThreads = 8, kRounds = 200, kLeft = 7 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t tokens;
static int queued;
static long taken, written, spun, initialized, timed_out;
static int channel[2];

static void check(int holds) {
    if (!holds) abort();
}

static void initialize(void) {
    ++initialized;
}

static void produce(void) {
    check(pthread_mutex_lock(&mutex) == 0);
    ++queued;
    check(pthread_cond_signal(&changed) == 0);
    check(pthread_mutex_unlock(&mutex) == 0);
}

static void consume(void) {
    check(pthread_mutex_lock(&mutex) == 0);
    while (queued == 0) check(pthread_cond_wait(&changed, &mutex) == 0);
    --queued;
    ++taken;
    check(pthread_mutex_unlock(&mutex) == 0);
}

static void wait_in_vain(void) {
    static const struct timespec past = {1, 0};
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    check(pthread_mutex_lock(&mutex) == 0);
    check(pthread_cond_timedwait(&never, &mutex, &past) != 0);
    ++timed_out;
    check(pthread_mutex_unlock(&mutex) == 0);
}

static void share(void) {
    check(sem_wait(&tokens) == 0);
    check(pthread_rwlock_wrlock(&rwlock) == 0);
    ++written;
    check(pthread_rwlock_unlock(&rwlock) == 0);
    check(pthread_rwlock_rdlock(&rwlock) == 0);
    check(written > 0);
    check(pthread_rwlock_unlock(&rwlock) == 0);
    check(sem_post(&tokens) == 0);
    check(pthread_spin_lock(&spin) == 0);
    ++spun;
    check(pthread_spin_unlock(&spin) == 0);
}

static void* work(void* argument) {
    char byte = 'x';
    check(pthread_once(&once, initialize) == 0);
    for (int round = 0; round < kRounds; ++round) {
        *(int*)argument % 2 == 0 ? produce() : consume();
        share();
        if (round % 50 == 0) wait_in_vain();
        if (round % 20 == 0) {
            check(write(channel[1], &byte, 1) == 1);
            check(read(channel[0], &byte, 1) == 1);
        }
    }
    const int error = pthread_barrier_wait(&barrier);
    check(error == 0 || error == PTHREAD_BARRIER_SERIAL_THREAD);
    return argument;
}

static void* block(void* unused) {
    (void)unused;
    check(pthread_mutex_lock(&mutex) == 0);
    for (;;) check(pthread_cond_wait(&changed, &mutex) == 0);
    return NULL;
}

int main(int argc, char** argv) {
    pthread_t threads[kThreads];
    int numbers[kThreads];
    check(pthread_barrier_init(&barrier, NULL, kThreads) == 0);
    check(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
    check(sem_init(&tokens, 0, 2) == 0);
    check(pipe(channel) == 0);
    for (int i = 0; i < kThreads; ++i) {
        numbers[i] = i;
        check(pthread_create(&threads[i], NULL, work, &numbers[i]) == 0);
    }
    for (int i = 0; i < kThreads; ++i) {
        void* result = NULL;
        check(pthread_join(threads[i], &result) == 0 && result == &numbers[i]);
    }
    printf("taken %ld, written %ld, spun %ld, initialized %ld, timed out %ld, channel %d %d\n", taken, written, spun,
           initialized, timed_out, channel[0], channel[1]);
    if (argc < 2 || strcmp(argv[1], "leave") != 0) return 0;
    pthread_t left;
    check(pthread_create(&left, NULL, block, NULL) == 0);
    check(pthread_detach(left) == 0);
    exit(kLeft);
}
