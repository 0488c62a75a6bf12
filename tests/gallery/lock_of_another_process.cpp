// SPDX-License-Identifier: Apache-2.0
//
// `lock_of_another_process WHAT`: what processes share, the child has for as long as its parent lives, and a thread of
// the parent waits for it: a mutex (leaky), a robust one, a lock that the child only reads (read), a semaphore, one
// that the child tried (tried), one with a name, one of System V (set), a lock on a file (flock), or on a part of it
// (part); both: the first, and then the second, which nobody waits for. WHAT-fixed: the child is told to let go.
// inherited: the trap: a lock that is held when the process forks, and that its child never uses.
// since: another one: the parent takes a lock before its child does anything, and then the child takes its own copy.
// fork WHAT: the parent has it, and its child waits for it as long as the parent lives: leaky, robust, written, read,
// spin; own-spin: one that the child has a copy of, so that nobody ever lets it go. fork WHAT killed: the child is.
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"
#include "tests/support/stuck.h"

struct Shared {
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spin;
    sem_t semaphore;
};

Shared* g_shared = nullptr;
sem_t* g_semaphore = nullptr;
pthread_spinlock_t g_own_spin;
int g_set = -1;
int g_file = -1;
std::string g_path;
int g_taken = 0;

void take_mutex() {
    pthread_mutex_lock(&g_shared->mutex);  // SITE(mutex) take_mutex
    ++g_taken;
}
// WRAP(take_mutex)

void take_to_write() {
    pthread_rwlock_wrlock(&g_shared->rwlock);  // SITE(written) take_to_write
    ++g_taken;
}
// WRAP(take_to_write)

void take_to_read() {
    pthread_rwlock_rdlock(&g_shared->rwlock);  // SITE(read) take_to_read
    ++g_taken;
}
// WRAP(take_to_read)

void try_semaphore() {
    if (sem_trywait(g_semaphore) != 0) _exit(5);  // SITE(tried) try_semaphore
    ++g_taken;
}
// WRAP(try_semaphore)

void take_semaphore() {
    while (sem_wait(g_semaphore) != 0) continue;  // SITE(semaphore) take_semaphore
    ++g_taken;
}
// WRAP(take_semaphore)

void take_of_set() {
    sembuf take = {0, -1, 0};
    while (semop(g_set, &take, 1) != 0) continue;  // SITE(set) take_of_set
    ++g_taken;
}
// WRAP(take_of_set)

void take_flock() {
    while (flock(g_file, LOCK_EX) != 0) continue;  // SITE(flock) take_flock
    ++g_taken;
}
// WRAP(take_flock)

void take_part() {
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_len = 10;
    while (fcntl(g_file, F_SETLKW, &lock) != 0) continue;  // SITE(part) take_part
    ++g_taken;
}
// WRAP(take_part)

void take(const std::string& what) {
    if (what == "semaphore" || what == "named" || what == "tried") return take_semaphore();
    if (what == "read") return take_to_write();
    if (what == "set") return take_of_set();
    if (what == "flock" || what == "both") return take_flock();
    if (what == "part") return take_part();
    take_mutex();
}

void take_first(const std::string& what) {
    if (what == "read") return take_to_read();
    if (what == "tried") return try_semaphore();
    take(what);
    if (what == "both") take_part();
}

void give_back(const std::string& what) {
    sembuf give = {0, 1, 0};
    struct flock none {};
    none.l_type = F_UNLCK;
    if (what == "semaphore" || what == "named" || what == "tried") {
        sem_post(g_semaphore);
    } else if (what == "read") {
        pthread_rwlock_unlock(&g_shared->rwlock);
    } else if (what == "set") {
        semop(g_set, &give, 1);
    } else if (what == "flock" || what == "both") {
        flock(g_file, LOCK_UN);
    } else if (what == "part") {
        fcntl(g_file, F_SETLK, &none);
    } else {
        pthread_mutex_unlock(&g_shared->mutex);
    }
}

void make(const std::string& what) {
    void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    g_shared = static_cast<Shared*>(memory);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    if (what == "robust") pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&g_shared->mutex, &attributes);
    pthread_rwlockattr_t shared;
    pthread_rwlockattr_init(&shared);
    pthread_rwlockattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_rwlock_init(&g_shared->rwlock, &shared);
    pthread_spin_init(&g_shared->spin, PTHREAD_PROCESS_SHARED);
    if (what == "semaphore" || what == "tried") {
        g_semaphore = &g_shared->semaphore;
        sem_init(g_semaphore, 1, 1);
    }
    if (what == "named") {
        const std::string name = "/lock_of_another_process_" + std::to_string(getpid());
        g_semaphore = sem_open(name.c_str(), O_CREAT | O_EXCL, 0600, 1);
        sem_unlink(name.c_str());
    }
    if (what == "set") {
        g_set = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
        semctl(g_set, 0, SETVAL, 1);
    }
    char path[] = "/tmp/lock_of_another_process_XXXXXX";
    g_file = mkstemp(path);
    g_path = path;
}

/// In the child, until the other end of `told` is written to, or closed.
void hold(const std::string& what, int told, int tells) {
    close(g_file);
    g_file = open(g_path.c_str(), O_RDWR | O_CLOEXEC);
    take_first(what);
    char byte = 'l';
    if (write(tells, &byte, 1) != 1) _exit(3);
    if (read(told, &byte, 1) < 0) _exit(4);  // SITE(held) hold
    give_back(what);
    if (g_set != -1) semctl(g_set, 0, IPC_RMID);
    _exit(0);
}

void use(const std::string& what) {
    take(what);
    give_back(what);
}

int fork_with_a_lock() {
    std::mutex mutex;
    const std::lock_guard lock(mutex);
    const pid_t child = fork();
    if (child == 0) {
        std::thread([] { ++g_taken; }).join();
        _exit(0);
    }
    return waitpid(child, nullptr, 0) == child ? 0 : 8;
}

int fork_before_a_lock() {
    auto* const taken = static_cast<gate::Flag*>(
        mmap(nullptr, sizeof(gate::Flag), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    std::mutex mutex;
    std::mutex never_used;
    const std::lock_guard lock(never_used);
    const pid_t child = fork();
    if (child == 0) {
        taken->await_open();
        mutex.lock();
        _exit(0);
    }
    mutex.lock();
    taken->open();
    const bool is_over = waitpid(child, nullptr, 0) == child;
    mutex.unlock();
    return is_over ? 0 : 8;
}

void take_before(const std::string& what) {
    if (what == "own-spin") {
        pthread_spin_lock(&g_own_spin);
    } else if (what == "spin") {
        pthread_spin_lock(&g_shared->spin);
    } else if (what == "written") {
        take_to_write();
    } else {
        take_first(what);
    }
}

void wait_in_child(const std::string& what) {
    if (what == "read") {
        take_to_write();
    } else {
        take_before(what);
    }
}

/// Sleeps in a futex, or has burnt so many ticks as nothing but a spin lock would.
bool is_waiting(pid_t child) {
    constexpr int kUserTicks = 14;
    const std::string folder = "/proc/" + std::to_string(child);
    std::string word;
    std::ifstream call(folder + "/syscall");
    if (call >> word && word == std::to_string(gate::kCallFutex)) return true;
    std::ifstream stat(folder + "/stat");
    for (int i = 0; i < kUserTicks; ++i) stat >> word;
    return stat && std::stoi(word) >= 3;
}

int let_a_child_wait(const std::string& what, bool is_killed) {
    make(what);
    unlink(g_path.c_str());
    pthread_spin_init(&g_own_spin, PTHREAD_PROCESS_PRIVATE);
    take_before(what);
    const pid_t child = fork();
    if (child == 0) {
        wait_in_child(what);
        _exit(0);
    }
    gate::await([child] { return is_waiting(child); });
    if (is_killed) kill(child, SIGKILL);
    return waitpid(child, nullptr, 0) == child ? 0 : 8;
}

int main(int argc, char** argv) {
    std::string what(variant_of(argc, argv));
    if (what == "fork") return let_a_child_wait(argv[2], argc > 3);
    if (what == "since") return fork_before_a_lock();
    if (what == "inherited") return fork_with_a_lock();
    const bool is_fixed = what.ends_with("fixed");
    if (is_fixed) what = what.substr(0, what.find("-fixed"));
    make(what);
    int to_child[2];
    int to_parent[2];
    if (pipe(to_child) != 0 || pipe(to_parent) != 0) return 5;
    const pid_t child = fork();
    if (child == 0) {
        close(to_child[1]);
        hold(what, to_child[0], to_parent[1]);
    }
    char byte = 0;
    if (read(to_parent[0], &byte, 1) != 1) return 6;
    unlink(g_path.c_str());
    std::thread user(use, what);  // SITE(created) main
    gate::await_others_stuck_in(1, {gate::kCallFutex, /*semop*/ 65, /*flock*/ 73, /*fcntl*/ 72, /*semtimedop*/ 220});
    if (!is_fixed) {
        user.detach();
        return 0;
    }
    if (write(to_child[1], &byte, 1) != 1) return 7;
    user.join();
    return waitpid(child, nullptr, 0) == child ? 0 : 8;
}
