// SPDX-License-Identifier: Apache-2.0
//
// A program that limits its own memory, or locks all of it, once it has had a thread: `memory_limits HOW [leave]`.
//     setrlimit, prlimit, child   the address space is limited, and then most of that used; `child`: of a child of fork
//     meanwhile                   the same while threads come and go, and what was used is looked at
//     mlockall                    all memory is locked
// Says what came of it. `leave`: ends with 7 while three threads wait for a mutex.
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/gate.h"

namespace {

constexpr size_t kMegabyte = 1 << 20;
constexpr rlim_t kLimit = 200 * kMegabyte;
constexpr size_t kUsed = 120 * kMegabyte;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
std::atomic<int> made{0};

/// With a small stack, which counts as well.
pthread_t start(void* (*routine)(void*)) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 64 * 1024);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, routine, nullptr) != 0) std::abort();
    return thread;
}

void* do_nothing(void*) {
    return nullptr;
}

void* lock_mutex(void*) {
    pthread_mutex_lock(&mutex);
    return nullptr;
}

/// A thread of its own after the other, none of which is joined: each takes more of the recording.
void* make_threads(void*) {
    for (int i = 0; i < 300; ++i, ++made) start(do_nothing);
    return nullptr;
}

int use() {
    void* const memory = mmap(nullptr, kUsed, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::printf(memory == MAP_FAILED ? "too little\n" : "enough\n");
    return memory == MAP_FAILED ? 1 : 0;
}

int limit_and_use(const char* how) {
    const rlimit limit{kLimit, kLimit};
    const bool by_prlimit = std::strcmp(how, "prlimit") == 0;
    if ((by_prlimit ? prlimit(0, RLIMIT_AS, &limit, nullptr) : setrlimit(RLIMIT_AS, &limit)) != 0) return 2;
    return use();
}

int limit_child() {
    const pid_t child = fork();
    if (child == 0) {
        const int result = limit_and_use("setrlimit");
        std::fflush(stdout);
        _exit(result);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WEXITSTATUS(status);
}

/// What becomes free by the limit is the program's alone: what it maps there, large or small, stays as it was mapped.
int limit_meanwhile() {
    constexpr size_t kLarge = 60 * kMegabyte;
    constexpr size_t kSmall = 64 * 1024;
    constexpr size_t kPieces = 100;
    static unsigned char* pieces[kPieces];
    const auto size_of = [](size_t i) { return i < 2 ? kLarge : kSmall; };
    pthread_t threads[3];
    for (pthread_t& thread : threads) thread = start(make_threads);
    while (made < 450) sched_yield();                     // more than the recording keeps room for
    const rlimit limit{1024 * kMegabyte, RLIM_INFINITY};  // enough for all threads at once, with their arenas
    if (setrlimit(RLIMIT_AS, &limit) != 0) return 2;
    for (size_t i = 0; i < kPieces; ++i) {
        void* const memory = mmap(nullptr, size_of(i), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return 1;
        pieces[i] = static_cast<unsigned char*>(memory);
    }
    for (pthread_t thread : threads) pthread_join(thread, nullptr);
    for (size_t i = 0; i < kPieces; ++i) {
        if (std::any_of(pieces[i], pieces[i] + size_of(i), [](unsigned char byte) { return byte != 0; })) return 3;
    }
    std::printf("untouched\n");
    return 0;
}

int lock_all() {
    const int result = mlockall(MCL_CURRENT);
    std::printf("mlockall %d\n", result);
    return result == 0 ? 0 : 1;
}

}  // namespace

int main(int count, char** words) {
    const char* const how = count > 1 ? words[1] : "";
    const auto is = [&](const char* word) { return std::strcmp(how, word) == 0; };
    pthread_join(start(do_nothing), nullptr);
    const int result = is("child")       ? limit_child()
                       : is("meanwhile") ? limit_meanwhile()
                       : is("mlockall")  ? lock_all()
                                         : limit_and_use(how);
    std::fflush(stdout);
    if (result != 0 || count < 3) return result;
    pthread_mutex_lock(&mutex);
    for (int i = 0; i < 3; ++i) start(lock_mutex);
    gate::await_others_blocked(3);
    _exit(7);
}
