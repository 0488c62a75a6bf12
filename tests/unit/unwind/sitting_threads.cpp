// SPDX-License-Identifier: Apache-2.0
//
// Threads that sit in system calls, each below a chain of functions. Right before its call each tells
// its stack as backtrace() captures it: "NAME TID CALL ADDRESS...", innermost first, then "ready".
// Not observed. Ends with its parent.
#include <alloca.h>
#include <execinfo.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

#define KEPT __attribute__((noinline, noclone))
#define INLINED __attribute__((always_inline)) static inline

namespace {

constexpr int kThreads = 14;

std::mutex output;
int told;     // so many threads have
int ends[2];  // of a pipe that nobody writes to
volatile int sink;

/// Tells the stack of its caller.
KEPT void tell(const char* name, long call) {
    void* addresses[64];
    const int count = backtrace(addresses, 64);
    const std::lock_guard<std::mutex> lock(output);
    std::printf("%s %ld %ld", name, syscall(SYS_gettid), call);
    for (int i = 1; i < count; ++i) std::printf(" %zx", reinterpret_cast<size_t>(addresses[i]));
    std::printf(++told == kThreads ? "\nall told\n" : "\n");
    std::fflush(stdout);
}

INLINED long raw_call(long number, long a, long b, long c, long d) {
    long result;
    register long fourth asm("r10") = d;
    asm volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return result;
}

KEPT int in_read(int depth) {
    char byte = 0;
    if (depth > 0) return in_read(depth - 1) + 1;
    tell("read", SYS_read);
    return static_cast<int>(read(ends[0], &byte, 1)) + byte;
}

KEPT int in_poll() {
    pollfd one{ends[0], POLLIN, 0};
    tell("poll", SYS_poll);
    return poll(&one, 1, -1) + 1;
}

KEPT int in_epoll() {
    epoll_event event{};
    const int set = epoll_create1(0);
    tell("epoll", SYS_epoll_wait);
    return epoll_wait(set, &event, 1, -1) + 1;
}

KEPT int in_futex(int expected) {
    int word = expected;
    tell("futex", SYS_futex);
    return static_cast<int>(raw_call(SYS_futex, reinterpret_cast<long>(&word), 0, expected, 0)) + 1;
}

KEPT int in_fgets() {
    char line[8];
    FILE* const file = fdopen(dup(ends[0]), "r");
    tell("fgets", SYS_read);
    return std::fgets(line, sizeof(line), file) == nullptr ? 1 : line[0];
}

KEPT int in_usleep() {
    tell("usleep", SYS_clock_nanosleep);
    return usleep(4'000'000'000U) + 1;
}

KEPT int in_accept() {
    const int server = socket(AF_INET, SOCK_STREAM, 0);
    listen(server, 1);
    tell("accept", SYS_accept);
    return accept(server, nullptr, nullptr) + 1;
}

KEPT int in_waitpid() {
    const pid_t parent = getpid();
    const pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() == parent) raw_call(SYS_pause, 0, 0, 0, 0);
        _exit(0);
    }
    int status = 0;
    tell("waitpid", SYS_wait4);
    return waitpid(child, &status, 0) + status;
}

int compare(const void* one, const void* other) {
    tell("qsort", SYS_read);
    char byte = 0;
    return static_cast<int>(read(ends[0], &byte, 1)) + (one < other ? 1 : 0);
}

KEPT int in_qsort() {
    int numbers[4] = {4, 3, 2, 1};
    qsort(numbers, 4, sizeof(int), compare);
    return numbers[0];
}

KEPT int with_many(int a, int b, int c, int d, int e, int f, int g, int h) {
    char byte = 0;
    tell("many", SYS_read);
    return static_cast<int>(read(ends[0], &byte, 1)) + a + b + c + d + e + f + g + h + byte;
}

KEPT int in_many(int first) {
    return with_many(first, 2, 3, 4, 5, 6, 7, 8) + 1;
}

/// Its frame has a size that only the running function knows.
KEPT int in_changing_frame(const char* name, size_t bytes) {
    auto* const room = static_cast<char*>(alloca(bytes));
    tell(name, SYS_read);
    const int count = static_cast<int>(read(ends[0], room, bytes));
    return room[bytes - 1] + count;
}

void on_signal(int) {
    tell("signal", SYS_read);
    char byte = 0;
    sink = static_cast<int>(read(ends[0], &byte, 1));
}

KEPT int in_handler() {
    std::signal(SIGUSR2, on_signal);
    return raise(SIGUSR2) + 1;
}

template <typename Sit>
KEPT void outer(Sit sit) {
    sink = sit() + 1;
}

}  // namespace

int main() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (pipe(ends) != 0) return 1;
    std::vector<std::thread> threads;
    const auto start = [&](auto sit) { threads.emplace_back([sit] { outer(sit); }); };
    start([] { return in_read(5); });
    start([] { return in_poll(); });
    start([] { return in_epoll(); });
    start([] { return in_futex(7); });
    start([] { return in_fgets(); });
    start([] { return in_usleep(); });
    start([] { return in_accept(); });
    start([] { return in_waitpid(); });
    start([] { return in_qsort(); });
    start([] { return in_many(1); });
    start([] { return in_changing_frame("changing", static_cast<size_t>(getpid()) % 512 + 16); });
    start([] { return in_changing_frame("vast", static_cast<size_t>(getpid()) % 512 + 100'000); });
    start([] { return in_handler(); });
    tell("main", SYS_futex);
    int word = 0;
    raw_call(SYS_futex, reinterpret_cast<long>(&word), 0, 0, 0);
    return 0;
}
