// SPDX-License-Identifier: Apache-2.0
//
//     small_stacks CASE
//
// The first thing of its kind that the process does is done where there is little stack; 7 when all came out right.
//     fiber-lock, fiber-wait, fiber-read   on a fiber, which nobody but the program knows to have a stack of its own
//     fiber-create                         the same for a thread, which libc needs more for
//     forked-wait, forked-create           in a child of the smallest thread
//     handler-wait, handler-create         in a handler on a signal stack of the usual size
//     executes                             programs, from a child that shares the memory
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>

extern char** environ;

namespace {

constexpr int kStatus = 7;
constexpr int kOfChild = 9;
constexpr size_t kPage = 4096;
constexpr char kUntouched = 0x5a;

void check(bool holds) {
    if (!holds) abort();
}

void* do_nothing(void*) {
    return nullptr;
}

/// A page below which there is nothing; of the others the program gives away the upper part.
class Stack {
public:
    explicit Stack(size_t bytes) : bytes_(bytes), mapped_((bytes + 2 * kPage - 1) / kPage * kPage) {
        memory_ =
            static_cast<char*>(mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        check(memory_ != MAP_FAILED && mprotect(memory_, kPage, PROT_NONE) == 0);
        memset(memory_ + kPage, kUntouched, mapped_ - kPage);
    }
    char* low() const { return end() - bytes_; }
    char* end() const { return memory_ + mapped_; }
    size_t bytes() const { return bytes_; }
    bool is_kept_to() const {
        return std::all_of(memory_ + kPage, low(), [](char byte) { return byte == kUntouched; });
    }

private:
    const size_t bytes_;
    const size_t mapped_;
    char* memory_;
};

void take_lock() {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    check(pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
}

void wait_for_condition() {
    static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    const timespec past{1, 0};
    check(pthread_mutex_lock(&mutex) == 0);
    check(pthread_cond_timedwait(&condition, &mutex, &past) == ETIMEDOUT);
    check(pthread_mutex_unlock(&mutex) == 0);
}

void read_byte() {
    int ends[2];
    char byte = 0;
    check(pipe(ends) == 0 && write(ends[1], "x", 1) == 1 && read(ends[0], &byte, 1) == 1);
}

void make_thread() {
    pthread_t thread;
    check(pthread_create(&thread, nullptr, do_nothing, nullptr) == 0 && pthread_join(thread, nullptr) == 0);
}

void (*operation)();
ucontext_t outside;

void on_fiber(size_t bytes) {
    const Stack stack(bytes);
    ucontext_t fiber;
    check(getcontext(&fiber) == 0);
    fiber.uc_stack.ss_sp = stack.low();
    fiber.uc_stack.ss_size = stack.bytes();
    fiber.uc_link = &outside;
    makecontext(
        &fiber, [] { operation(); }, 0);
    check(swapcontext(&outside, &fiber) == 0);
    check(stack.is_kept_to());
}

void* fork_and_do(void*) {
    const pid_t child = fork();
    if (child == 0) {
        operation();
        _exit(kOfChild);
    }
    int status = 0;
    check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == kOfChild);
    return nullptr;
}

void in_child_of_smallest_thread(size_t bytes) {
    pthread_attr_t attributes;
    pthread_t thread;
    check(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, bytes) == 0);
    check(pthread_create(&thread, &attributes, fork_and_do, nullptr) == 0 && pthread_join(thread, nullptr) == 0);
}

void in_handler(size_t bytes) {
    const Stack stack(std::max<size_t>(bytes, getauxval(AT_MINSIGSTKSZ) + bytes / 2));
    const stack_t signal_stack{stack.low(), 0, stack.bytes()};
    struct sigaction action {};
    action.sa_handler = [](int) { operation(); };
    action.sa_flags = SA_ONSTACK;
    check(sigaltstack(&signal_stack, nullptr) == 0 && sigaction(SIGUSR1, &action, nullptr) == 0);
    check(raise(SIGUSR1) == 0);
    check(stack.is_kept_to());
}

char name[] = "true";
char* const arguments[] = {name, nullptr};

int become_program(void* way) {
    switch (*static_cast<char*>(way)) {
        case '0': execve("/bin/true", arguments, environ); break;
        case '1': execv("/bin/true", arguments); break;
        case '2': execve("./true", arguments, environ); break;
        case '3': execl("/bin/true", name, nullptr); break;
        case '4': execve("/no/such/program", arguments, environ); _exit(0);
        case '5': execve("/etc/passwd", arguments, environ); _exit(0);
        default: break;
    }
    _exit(kOfChild);
}

void execute(size_t bytes) {
    check(chdir("/bin") == 0);
    for (char way = '0'; way < '6'; ++way) {
        const Stack stack(bytes);
        int status = 0;
        const pid_t child = clone(become_program, stack.end(), CLONE_VM | CLONE_VFORK | SIGCHLD, &way);
        check(child > 0 && waitpid(child, &status, 0) == child && status == 0);
        check(stack.is_kept_to());
    }
}

struct Case {
    const char* name;
    void (*run)(size_t bytes);
    size_t bytes;
    void (*operation)();
};
const Case kCases[] = {
    {"fiber-lock", on_fiber, 2048, take_lock},
    {"fiber-wait", on_fiber, 2048, wait_for_condition},
    {"fiber-read", on_fiber, 2048, read_byte},
    {"fiber-create", on_fiber, 4096, make_thread},
    {"forked-wait", in_child_of_smallest_thread, PTHREAD_STACK_MIN, wait_for_condition},
    {"forked-create", in_child_of_smallest_thread, PTHREAD_STACK_MIN, make_thread},
    {"handler-wait", in_handler, 8192, wait_for_condition},
    {"handler-create", in_handler, 8192, make_thread},
    {"executes", execute, 1024, nullptr},
};

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    for (const Case& chosen : kCases) {
        if (strcmp(chosen.name, argv[1]) != 0) continue;
        operation = chosen.operation;
        chosen.run(chosen.bytes);
        exit(kStatus);
    }
    return 2;
}
