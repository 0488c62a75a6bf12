// SPDX-License-Identifier: Apache-2.0
//
// Every blocking operation of C11's threads and of pthread, futexes without a library, and what waits
// deep in libc.
#include <fcntl.h>
#include <linux/futex.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <threads.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "tests/e2e/operations/operations.h"

namespace {

constexpr timespec kAnHour{3600, 0};

timespec in_an_hour(clockid_t clock) {
    timespec time{};
    clock_gettime(clock, &time);
    time.tv_sec += 3600;
    return time;
}

int sit(void*) {
    for (;;) pause();
}

mtx_t g_c11_mutex;
void lock_c11() {
    mtx_lock(&g_c11_mutex);  // SITE(mtx_lock) lock_c11
}

mtx_t g_c11_timed;
void lock_c11_timed() {
    const timespec end = in_an_hour(CLOCK_REALTIME);
    mtx_timedlock(&g_c11_timed, &end);  // SITE(mtx_timedlock) lock_c11_timed
}

mtx_t g_c11_ready_mutex;
cnd_t g_c11_ready;
void wait_c11() {
    mtx_lock(&g_c11_ready_mutex);
    for (;;) cnd_wait(&g_c11_ready, &g_c11_ready_mutex);  // SITE(cnd_wait) wait_c11
}

void wait_c11_timed() {
    const timespec end = in_an_hour(CLOCK_REALTIME);
    mtx_lock(&g_c11_ready_mutex);
    for (;;) cnd_timedwait(&g_c11_ready, &g_c11_ready_mutex, &end);  // SITE(cnd_timedwait) wait_c11_timed
}

void join_c11() {
    thrd_t thread;
    thrd_create(&thread, sit, nullptr);
    thrd_join(thread, nullptr);  // SITE(thrd_join) join_c11
}

void sleep_c11() {
    thrd_sleep(&kAnHour, nullptr);  // SITE(thrd_sleep) sleep_c11
}

once_flag g_c11_once = ONCE_FLAG_INIT;
void initialize_c11() {
    sit(nullptr);
}
void once_c11() {
    call_once(&g_c11_once, initialize_c11);  // SITE(c11_once_too) once_c11
}

sem_t g_semaphore;
void wait_semaphore() {
    sem_wait(&g_semaphore);  // SITE(sem_wait) wait_semaphore
}

void wait_semaphore_timed() {
    const timespec end = in_an_hour(CLOCK_REALTIME);
    sem_timedwait(&g_semaphore, &end);  // SITE(sem_timedwait) wait_semaphore_timed
}

pthread_barrier_t g_barrier;
void wait_at_barrier() {
    pthread_barrier_wait(&g_barrier);  // SITE(barrier_wait) wait_at_barrier
}

pthread_rwlock_t g_rwlock = PTHREAD_RWLOCK_INITIALIZER;
void lock_to_read() {
    pthread_rwlock_rdlock(&g_rwlock);  // SITE(rdlock) lock_to_read
}

void lock_to_write() {
    pthread_rwlock_wrlock(&g_rwlock);  // SITE(wrlock) lock_to_write
}

pthread_once_t g_once = PTHREAD_ONCE_INIT;
void once() {
    pthread_once(&g_once, initialize_c11);  // SITE(once_too) once
}

void sleep_posix() {
    clock_nanosleep(CLOCK_MONOTONIC, 0, &kAnHour, nullptr);  // SITE(nanosleep) sleep_posix
}

int g_word = 1;
void wait_for_word() {
    syscall(SYS_futex, &g_word, FUTEX_WAIT_PRIVATE, 1, nullptr);  // SITE(futex) wait_for_word
}

/// main has it.
int g_inheriting = 0;
void lock_inheriting() {
    syscall(SYS_futex, &g_inheriting, FUTEX_LOCK_PI_PRIVATE, 0, nullptr);  // SITE(futex_pi) lock_inheriting
}

/// main has it.
pthread_spinlock_t g_spin_lock;
void spin() {
    pthread_spin_lock(&g_spin_lock);  // SITE(spin_lock) spin
}

/// Its other end is the process' own, and closed in every child.
int reading_end() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) _exit(2);
    return fcntl(ends[0], F_DUPFD, 0);
}

void get_character() {
    FILE* const stream = fdopen(reading_end(), "r");
    (void)getc(stream);  // SITE(getc) get_character
}

void read_block() {
    FILE* const stream = fdopen(reading_end(), "r");
    char block[16];
    (void)fread(block, 1, sizeof block, stream);  // SITE(fread) read_block
}

void run_command() {
    const std::string command = "cat /dev/fd/" + std::to_string(reading_end());
    (void)system(command.c_str());  // SITE(system) run_command
}

/// main has its lock.
void put_line() {
    puts("never");  // SITE(puts) put_line
}

constexpr Operation kOperations[] = {
    {"mtx_lock", lock_c11},
    {"mtx_timedlock", lock_c11_timed},
    {"cnd_wait", wait_c11},
    {"cnd_timedwait", wait_c11_timed},
    {"thrd_join", join_c11},
    {"thrd_sleep", sleep_c11},
    {"c11_once", once_c11},
    {"c11_once_too", once_c11},
    {"sem_wait", wait_semaphore},
    {"sem_timedwait", wait_semaphore_timed},
    {"barrier_wait", wait_at_barrier},
    {"rdlock", lock_to_read},
    {"wrlock", lock_to_write},
    {"once", once},
    {"once_too", once},
    {"nanosleep", sleep_posix},
    {"futex", wait_for_word},
    {"futex_pi", lock_inheriting},
    {"getc", get_character},
    {"fread", read_block},
    {"system", run_command},
    {"puts", put_line},
    {"spin_lock", spin, /*spins=*/true},
};

}  // namespace

int main(int argc, char** argv) {
    mtx_init(&g_c11_mutex, mtx_plain);
    mtx_lock(&g_c11_mutex);
    mtx_init(&g_c11_timed, mtx_timed);
    mtx_lock(&g_c11_timed);
    mtx_init(&g_c11_ready_mutex, mtx_plain);
    cnd_init(&g_c11_ready);
    sem_init(&g_semaphore, 0, 0);
    pthread_barrier_init(&g_barrier, nullptr, 2);
    pthread_rwlock_wrlock(&g_rwlock);
    pthread_spin_init(&g_spin_lock, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&g_spin_lock);
    flockfile(stdout);
    syscall(SYS_futex, &g_inheriting, FUTEX_LOCK_PI_PRIVATE, 0, nullptr);
    return enter_all(kOperations, argc, argv);
}
