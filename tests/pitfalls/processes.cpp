// SPDX-License-Identifier: Apache-2.0
//
//     processes CASE
//
// Threads take locks all the time while the process makes others, or becomes another; 7 when all came out
// right, and where CASE says so a thread is left blocked.
//     forks           children by fork and _Fork, each of which makes a thread, and by a bare clone
//     spawns          children by vfork, posix_spawn, system and popen
//     nested-forks    a thread that nests locks forks, and its child, which makes threads, nests them as well
//     at-fork         handlers of pthread_atfork that take locks
//     fork-in-handler a signal handler forks
//     execs           executes itself ten times over, threads and all
//     daemon          closes every descriptor, and leaves a thread
//     no-children     ignores SIGCHLD, looks for children all the time, and leaves a thread
//     all-blocked     blocks every signal in every thread, and leaves a thread
//     user-namespace  enters one, which only a process of one thread can
//     descriptors     the descriptors that it gets are those that it would get
//     own-arguments   makes its arguments and its environment unreadable, then threads and a child
//     no-counter      gives up the time stamp counter, signals and posts, and leaves a thread
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <iterator>
#include <string>

#include "tests/support/gate.h"

extern "C" pid_t _Fork();
extern char** environ;

namespace {

constexpr int kStatus = 7;
constexpr int kOfChild = 9;
constexpr int kChildren = 40;

pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t own_of_main = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t never = PTHREAD_COND_INITIALIZER;
std::atomic<bool> stop{false};

void check(bool holds) {
    if (!holds) abort();
}

void* lock_and_unlock(void*) {
    while (!stop.load()) {
        check(pthread_mutex_lock(&mutex) == 0);
        check(pthread_mutex_unlock(&mutex) == 0);
    }
    return nullptr;
}

class Lockers {
public:
    Lockers() {
        for (pthread_t& thread : threads_) check(pthread_create(&thread, nullptr, lock_and_unlock, nullptr) == 0);
    }
    void join() {
        stop.store(true);
        for (const pthread_t thread : threads_) check(pthread_join(thread, nullptr) == 0);
        stop.store(false);
    }

private:
    pthread_t threads_[3];
};

void* block(void*) {
    static pthread_mutex_t blocked = PTHREAD_MUTEX_INITIALIZER;
    check(pthread_mutex_lock(&blocked) == 0);
    for (;;) pthread_cond_wait(&never, &blocked);
}

void leave_one_blocked() {
    pthread_t thread;
    check(pthread_create(&thread, nullptr, block, nullptr) == 0);
    check(pthread_detach(thread) == 0);
}

void* set_flag(void* flag) {
    *static_cast<bool*>(flag) = true;
    return nullptr;
}

void use_thread() {
    bool has_run = false;
    pthread_t thread;
    check(pthread_create(&thread, nullptr, set_flag, &has_run) == 0);
    check(pthread_join(thread, nullptr) == 0 && has_run);
}

void await_child(pid_t child, int status = kOfChild) {
    int ended = 0;
    check(child > 0);
    while (waitpid(child, &ended, 0) != child) check(errno == EINTR);
    check(WIFEXITED(ended) && WEXITSTATUS(ended) == status);
}

void has_no_child() {
    errno = 0;
    check(waitpid(-1, nullptr, WNOHANG | __WALL) == -1 && errno == ECHILD);
}

/// The lock that the forking thread holds is held in the child as well.
[[noreturn]] void be_child(bool at_once) {
    check(pthread_mutex_trylock(&own_of_main) == EBUSY);
    check(pthread_mutex_unlock(&own_of_main) == 0);
    use_thread();
    if (at_once) _exit(kOfChild);
    exit(kOfChild);
}

void fork_children() {
    Lockers lockers;
    for (int i = 0; i < kChildren; ++i) {
        check(pthread_mutex_lock(&own_of_main) == 0);
        pid_t child = fork();
        if (child == 0) be_child(i % 2 == 0);
        await_child(child);
        child = _Fork();
        if (child == 0) {
            check(pthread_mutex_unlock(&own_of_main) == 0);
            _exit(kOfChild);
        }
        await_child(child);
        child = static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr));
        if (child == 0) {
            check(pthread_mutex_unlock(&own_of_main) == 0);
            _exit(kOfChild);
        }
        await_child(child);
        check(pthread_mutex_unlock(&own_of_main) == 0);
    }
    lockers.join();
    has_no_child();
}

pid_t execute_in_vfork_child() {
    const pid_t child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 9", nullptr);
        _exit(127);
    }
    return child;
}

void spawn_children() {
    Lockers lockers;
    char shell[] = "sh", option[] = "-c", script[] = "exit 9";
    char* const arguments[] = {shell, option, script, nullptr};
    for (int i = 0; i < kChildren / 4; ++i) {
        pid_t child = 0;
        await_child(execute_in_vfork_child());
        check(posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, environ) == 0);
        await_child(child);
        check(posix_spawnp(&child, "sh", nullptr, nullptr, arguments, environ) == 0);
        await_child(child);
        check(WEXITSTATUS(system("exit 9")) == kOfChild);
        FILE* const stream = popen("echo said; exit 9", "r");
        char said[8] = "";
        check(stream != nullptr && fgets(said, sizeof(said), stream) != nullptr && strcmp(said, "said\n") == 0);
        check(WEXITSTATUS(pclose(stream)) == kOfChild);
    }
    lockers.join();
    has_no_child();
}

void lock_all() {
    check(pthread_mutex_lock(&mutex) == 0);
}

void unlock_all() {
    check(pthread_mutex_unlock(&mutex) == 0);
}

void fork_with_handlers() {
    check(pthread_atfork(lock_all, unlock_all, unlock_all) == 0);
    Lockers lockers;
    for (int i = 0; i < kChildren; ++i) {
        const pid_t child = fork();
        if (child == 0) {
            check(pthread_mutex_lock(&mutex) == 0);
            check(pthread_mutex_unlock(&mutex) == 0);
            use_thread();
            exit(kOfChild);
        }
        await_child(child);
    }
    lockers.join();
}

void fork_now(int) {
    const int saved = errno;
    const pid_t child = fork();
    if (child == 0) _exit(kOfChild);
    await_child(child);
    errno = saved;
}

pthread_mutex_t locks[40];

/// Each two of the first ones, one inside the other.
void nest_locks() {
    for (pthread_mutex_t* outer = std::begin(locks); outer != locks + 6; ++outer) {
        for (pthread_mutex_t* inner = outer + 1; inner != locks + 6; ++inner) {
            check(pthread_mutex_lock(outer) == 0 && pthread_mutex_lock(inner) == 0);
            check(pthread_mutex_unlock(inner) == 0 && pthread_mutex_unlock(outer) == 0);
        }
    }
}

void fork_nested() {
    for (pthread_mutex_t& lock : locks) check(pthread_mutex_init(&lock, nullptr) == 0);
    use_thread();
    nest_locks();
    const pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 3; ++i) leave_one_blocked();
        nest_locks();
        _exit(kOfChild);
    }
    await_child(child);
}

void fork_in_handler() {
    check(signal(SIGUSR2, fork_now) != SIG_ERR);
    Lockers lockers;
    for (int i = 0; i < kChildren; ++i) {
        check(kill(getpid(), SIGUSR2) == 0);  // whichever thread takes it
        check(pthread_mutex_lock(&own_of_main) == 0);
        check(pthread_mutex_unlock(&own_of_main) == 0);
    }
    lockers.join();
}

void execute_again(const char* program, int times) {
    static char as[] = "processes";
    static char which[] = "execs";
    std::string left = std::to_string(times - 1);
    std::string pid = std::to_string(getpid());
    char* const arguments[] = {as, which, left.data(), pid.data(), nullptr};
    new Lockers;
    execv(program, arguments);
    abort();
}

/// In a child, whose parent tells how it ended.
void be_daemon() {
    const pid_t child = fork();
    if (child != 0) {
        await_child(child);
        return;
    }
    check(setsid() == getpid());
    use_thread();
    check(close_range(0, ~0U, 0) == 0);
    check(open("/dev/null", O_RDWR) == 0 && dup(0) == 1 && dup(0) == 2);
    use_thread();
    check(open("/dev/null", O_RDWR) == 3);
    leave_one_blocked();
    gate::await_others_blocked(1);
    exit(kOfChild);
}

void* look_for_children(void*) {
    for (;;) check(waitpid(-1, nullptr, 0) == -1 && errno == ECHILD);
}

void have_no_children() {
    check(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    leave_one_blocked();
    gate::await_others_blocked(1);
    pthread_t looker;
    check(pthread_create(&looker, nullptr, look_for_children, nullptr) == 0);
}

void block_all_signals() {
    sigset_t all;
    sigset_t still;
    sigfillset(&all);
    check(pthread_sigmask(SIG_SETMASK, &all, nullptr) == 0);
    check(pthread_sigmask(SIG_SETMASK, nullptr, &still) == 0);
    Lockers lockers;
    use_thread();
    lockers.join();
    leave_one_blocked();
    gate::await_others_blocked(1);
    sigset_t now;
    check(pthread_sigmask(SIG_SETMASK, nullptr, &now) == 0 && memcmp(&now, &still, sizeof(long)) == 0);
}

/// Reading it is SIGSEGV from then on, in threads that are made later as well.
void give_up_counter() {
    check(prctl(PR_SET_TSC, PR_TSC_SIGSEGV) == 0);
    Lockers lockers;
    use_thread();
    sem_t semaphore;
    check(sem_init(&semaphore, 0, 0) == 0);
    for (int i = 0; i < 100'000; ++i) {
        check(sem_post(&semaphore) == 0 && sem_wait(&semaphore) == 0);
        check(pthread_cond_signal(&never) == 0);
    }
    lockers.join();
    leave_one_blocked();
    gate::await_others_blocked(1);
}

/// A process of more than one thread gets EINVAL; one without the right EPERM, with the library or not.
void enter_user_namespace() {
    use_thread();
    gate::await_thread_count(1);
    const int error = unshare(CLONE_NEWUSER) == 0 ? 0 : errno;
    check(error != EINVAL);
    printf("%d\n", error);
    use_thread();
}

void print_descriptors() {
    use_thread();
    Lockers lockers;
    int pair[2];
    check(pipe(pair) == 0);
    const int file = open("/dev/null", O_RDONLY);
    lockers.join();
    std::string open_ones;
    for (int i = 0; i < 1024; ++i) {
        if (fcntl(i, F_GETFD) >= 0) open_ones += " " + std::to_string(i);
    }
    printf("%d %d %d:%s\n", pair[0], pair[1], file, open_ones.c_str());
}

char** own_arguments = nullptr;

/// As programs that put their title there do, and some that leave them behind.
void overwrite_arguments() {
    for (char** one = own_arguments; *one != nullptr; ++one) *one = reinterpret_cast<char*>(16);
    environ = nullptr;
    use_thread();
    const pid_t child = fork();
    if (child == 0) {
        use_thread();
        _exit(kOfChild);
    }
    int status = 0;
    check(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == kOfChild);
}

struct Case {
    const char* name;
    void (*run)();
};
constexpr Case kCases[] = {
    {"forks", fork_children},           {"nested-forks", fork_nested},        {"spawns", spawn_children},
    {"at-fork", fork_with_handlers},    {"fork-in-handler", fork_in_handler}, {"daemon", be_daemon},
    {"no-children", have_no_children},  {"all-blocked", block_all_signals},   {"user-namespace", enter_user_namespace},
    {"descriptors", print_descriptors}, {"no-counter", give_up_counter},      {"own-arguments", overwrite_arguments}};

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    if (strcmp(argv[1], "execs") == 0) {
        const int left = argc > 2 ? atoi(argv[2]) : 10;
        if (argc > 3) check(atoi(argv[3]) == getpid());
        if (left > 0) execute_again("/proc/self/exe", left);
        exit(kStatus);
    }
    own_arguments = argv;
    for (const Case& chosen : kCases) {
        if (strcmp(chosen.name, argv[1]) != 0) continue;
        chosen.run();
        exit(kStatus);
    }
    return 2;
}
