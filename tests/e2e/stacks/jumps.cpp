// SPDX-License-Identifier: Apache-2.0
//
// A thread that takes a lock all the time, and is thrown out of it by a signal handler's jump some thousand times,
// wherever it is just then. In the end it locks twice what it may lock once.
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include <cstdlib>

namespace {

constexpr int kJumps = 3000;
pthread_mutex_t taken_all_the_time;
pthread_mutex_t taken_twice = PTHREAD_MUTEX_INITIALIZER;
sigjmp_buf out;
volatile int jumps = 0;

void jump(int) {
    siglongjmp(out, 1);
}

void set_timer(long microseconds) {
    const itimerval time{{0, microseconds}, {0, microseconds}};
    setitimer(ITIMER_REAL, &time, nullptr);
}

void lock_twice() {
    pthread_mutex_lock(&taken_twice);
    pthread_mutex_lock(&taken_twice);
}

void* nothing(void*) {
    return nullptr;
}

}  // namespace

int main() {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, nothing, nullptr) != 0) return 1;
    pthread_join(thread, nullptr);
    signal(SIGALRM, jump);
    if (sigsetjmp(out, 1) != 0) jumps = jumps + 1;
    if (jumps < kJumps) {
        if (jumps == 0) set_timer(50);
        pthread_mutex_init(&taken_all_the_time, nullptr);  // a jump may have left it locked
        while (true) {
            pthread_mutex_lock(&taken_all_the_time);
            pthread_mutex_unlock(&taken_all_the_time);
        }
    }
    signal(SIGALRM, SIG_IGN);
    set_timer(0);
    lock_twice();
    return 0;
}
