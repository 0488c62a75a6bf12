// SPDX-License-Identifier: Apache-2.0
//
// Says what syscall() returns and sets in many uses: the same with the library as without.
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/gate.h"

namespace {

constexpr int kUntouched = 77;
uint32_t word = 0;
uint32_t other_word = 0;

#define SAY(...)                                                   \
    do {                                                           \
        errno = kUntouched;                                        \
        const long result = syscall(__VA_ARGS__);                  \
        printf("%s: %ld errno %d\n", #__VA_ARGS__, result, errno); \
    } while (false)

void say_plain_calls() {
    printf("getpid: %d\n", syscall(SYS_getpid) == getpid());
    SAY(SYS_close, -1);
    SAY(-1);
    SAY(100000);
    SAY(SYS_kill, getpid(), 0);
    fflush(stdout);
    SAY(SYS_write, 1, "written\n", 8);
    SAY(SYS_openat, AT_FDCWD, "/nonexistent", O_RDONLY, 0);
}

/// The offset is the sixth argument, which comes by the stack.
void say_six_arguments() {
    const int file = open("/proc/self/exe", O_RDONLY);
    char expected[16] = {};
    if (pread(file, expected, sizeof(expected), 4096) != sizeof(expected)) abort();
    const long page = syscall(SYS_mmap, nullptr, 4096L, long{PROT_READ}, long{MAP_PRIVATE}, long{file}, 4096L);
    printf("mmap: %d\n", memcmp(reinterpret_cast<void*>(page), expected, sizeof(expected)));
    SAY(SYS_mmap, nullptr, 4096L, long{PROT_READ}, long{MAP_PRIVATE}, long{file}, 1L);
}

void say_futex_results() {
    const timespec moment{0, 1};
    const timespec past{1, 0};
    const timespec invalid{0, -1};
    SAY(SYS_futex, &word, FUTEX_WAKE, 1);
    SAY(SYS_futex, &word, FUTEX_WAIT, 1, nullptr);
    SAY(SYS_futex, &word, FUTEX_WAIT, 0, &moment);
    SAY(SYS_futex, &word, FUTEX_WAIT, 0, &invalid);
    SAY(SYS_futex, &word, FUTEX_WAIT, 0, 8L);
    SAY(SYS_futex, &word, FUTEX_WAIT | FUTEX_CLOCK_REALTIME, 0, 8L);
    SAY(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, &past, nullptr, ~0U);
    SAY(SYS_futex, &word, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME, 0, &past, nullptr, ~0U);
    SAY(SYS_futex, &word, FUTEX_WAIT_BITSET, 0, nullptr, nullptr, 0U);
    SAY(SYS_futex, &word, 99, 1);
    SAY(SYS_futex, &word, -1, 1);
    SAY(SYS_futex, 8L, FUTEX_WAIT, 0, nullptr);
    SAY(SYS_futex, 8L, FUTEX_WAKE, 1);
    SAY(SYS_futex, -8L, FUTEX_WAIT_PRIVATE, 0, nullptr);
    SAY(SYS_futex, 1 + reinterpret_cast<char*>(&word), FUTEX_WAIT, 0, nullptr);
    SAY(SYS_futex, &word, FUTEX_UNLOCK_PI);
    SAY(SYS_futex, &word, FUTEX_CMP_REQUEUE, 1, 1L, &other_word, 5);
    SAY(SYS_futex, &word, FUTEX_TRYLOCK_PI, 0);
    SAY(SYS_futex, &word, FUTEX_LOCK_PI, 0, nullptr);
    SAY(SYS_futex, &word, FUTEX_UNLOCK_PI);
    SAY(SYS_futex_waitv, 8L, 1, 0, nullptr, 0);
    SAY(SYS_futex_waitv, nullptr, 0, 0, nullptr, 0);
}

void* wait_on_word(void* bitset) {
    syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, 0, nullptr, nullptr, reinterpret_cast<uintptr_t>(bitset));
    return nullptr;
}

pthread_t start_waiter(uintptr_t bitset) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, wait_on_word, reinterpret_cast<void*>(bitset)) != 0) abort();
    return thread;
}

void say_wake_counts() {
    const pthread_t threads[] = {start_waiter(1), start_waiter(1), start_waiter(1), start_waiter(2)};
    gate::await_others_blocked(4);
    SAY(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 9, nullptr, nullptr, 4U);
    SAY(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 2, nullptr, nullptr, 1U);
    SAY(SYS_futex, &word, FUTEX_WAKE_BITSET_PRIVATE, 9, nullptr, nullptr, 1U);
    SAY(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 0, 9L, &other_word, 0);
    SAY(SYS_futex, &other_word, FUTEX_WAKE_PRIVATE, 9);
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
}

void wake_in_handler(int) {
    syscall(SYS_futex, &other_word, FUTEX_WAKE_PRIVATE, 1);
}

void* wait_until_interrupted(void*) {
    SAY(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, nullptr);
    return nullptr;
}

void say_interrupted() {
    struct sigaction action {};
    action.sa_handler = wake_in_handler;
    sigaction(SIGUSR2, &action, nullptr);
    pthread_t thread;
    if (pthread_create(&thread, nullptr, wait_until_interrupted, nullptr) != 0) abort();
    gate::await_others_blocked(1);
    pthread_kill(thread, SIGUSR2);
    pthread_join(thread, nullptr);
}

/// A frame of somebody's that gives three arguments and has its own data where more would be.
long call_with_three(long number, void* address, long operation, long value, bool& is_kept) {
    constexpr uint64_t kCanary = 0x5a5a1234a5a5fedc;
    long result;
    uint64_t first = 0;
    uint64_t second = 0;
    __asm__ volatile(
        "movq %%rsp, %%rbx\n"
        "subq $256, %%rsp\n"
        "andq $-16, %%rsp\n"
        "movq %[canary], (%%rsp)\n"
        "movq %[canary], 8(%%rsp)\n"
        "xorl %%r8d, %%r8d\n"
        "xorl %%r9d, %%r9d\n"
        "call syscall@PLT\n"
        "movq (%%rsp), %[first]\n"
        "movq 8(%%rsp), %[second]\n"
        "movq %%rbx, %%rsp\n"
        : "=a"(result), [first] "=&r"(first), [second] "=&r"(second), "+D"(number), "+S"(address), "+d"(operation),
          "+c"(value)
        : [canary] "r"(kCanary)
        : "rbx", "r8", "r9", "r10", "r11", "memory", "cc");
    is_kept = first == kCanary && second == kCanary;
    return result;
}

void say_callers_frame() {
    bool is_kept = false;
    long result = call_with_three(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, is_kept);
    printf("frame at a wake: %ld %d\n", result, is_kept);
    result = call_with_three(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, is_kept);
    printf("frame at a wait: %ld %d\n", result, is_kept);
    result = call_with_three(SYS_futex_waitv, &word, 0, 0, is_kept);
    printf("frame at a waitv: %ld %d\n", result, is_kept);
    result = call_with_three(SYS_close, nullptr, 0, 0, is_kept);
    printf("frame at another: %ld %d\n", result, is_kept);
}

int status_of(long child) {
    int status = 0;
    if (waitpid(static_cast<pid_t>(child), &status, 0) != child) return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void say_fork_likes() {
    fflush(stdout);
    long child = syscall(SYS_fork);
    if (child == 0) _exit(static_cast<int>(syscall(SYS_futex, &word, FUTEX_WAKE, 1)) + 4);
    printf("fork: %d\n", status_of(child));
    child = syscall(SYS_clone, long{SIGCHLD}, nullptr, nullptr, nullptr, nullptr);
    if (child == 0) _exit(static_cast<int>(syscall(SYS_futex, &word, FUTEX_WAIT, 1, nullptr)) + 6);
    printf("clone: %d\n", status_of(child));
}

/// The child comes back through the same return address, and must leave that in place for its parent.
/// What lies below is nobody's: a frame that was still to be returned from would be gone.
__attribute__((noinline, optimize("O2"))) long vfork_and_exit() {
    const long child = syscall(SYS_vfork);
    if (child == 0) {
        __asm__ volatile(
            ".irp offset, 16, 24, 32, 40, 48, 56, 64, 72, 80\n"
            "movq $0, -\\offset(%%rsp)\n"
            ".endr\n"
            "syscall"
            :
            : "a"(SYS_exit), "D"(6)
            : "rcx", "r11", "memory");
    }
    return child;
}

/// Where the child of a clone with a stack of its own returns to.
[[noreturn]] void cloned() {
    const long woken = syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1);
    const long other = syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, nullptr);
    gate::raw_call(SYS_exit, woken * 10 + other + 1);
    __builtin_unreachable();
}

void say_shared_memory() {
    fflush(stdout);
    printf("vfork: %d\n", status_of(vfork_and_exit()));
    const pthread_t thread = start_waiter(~uintptr_t{0});
    gate::await_others_blocked(1);
    alignas(16) static uintptr_t stack[8192];
    uintptr_t* const top = stack + 8000;
    *top = reinterpret_cast<uintptr_t>(cloned);
    const long child = syscall(SYS_clone, long{CLONE_VM | CLONE_VFORK | SIGCHLD}, top, nullptr, nullptr, nullptr);
    printf("clone with a stack: %d\n", status_of(child));
    pthread_join(thread, nullptr);
}

void say_libc_vfork() {
    const pid_t child = vfork();
    if (child == 0) _exit(static_cast<int>(syscall(SYS_futex, &word, FUTEX_WAKE, 1)) + 7);
    printf("libc's vfork: %d\n", status_of(child));
}

}  // namespace

int main() {
    say_plain_calls();
    say_six_arguments();
    say_futex_results();
    say_callers_frame();
    say_fork_likes();
    say_wake_counts();
    say_interrupted();
    say_shared_memory();
    say_libc_vfork();
    say_fork_likes();
}
