// SPDX-License-Identifier: Apache-2.0
//
// Threads that each wait for another process, for a lock on a file, or for a signal; a thread is named
// for what it waits for. Says "ROW FACT" for what a test cannot know beforehand, then "sitting", and stays.
//
//   sitting_on_others FOLDER          FOLDER: for files to lock
//   sitting_on_others FOLDER alone    one thread, which wants a lock that it holds itself
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "tests/e2e/calls/rows.h"
#include "tests/support/gate.h"

namespace {

using calls::checked;
using calls::rows;
using calls::tell;

std::string folder;

int opened(const std::string& name) {
    return checked(open((folder + "/" + name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600), "open");
}

struct flock range(short type, off_t start, off_t length) {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = start;
    lock.l_len = length;
    return lock;
}

/// A child that does `prepare`, tells that it did, and waits.
template <typename Prepare>
pid_t child_that_waits(Prepare prepare) {
    int ready[2];
    checked(pipe(ready), "pipe");
    const pid_t child = checked(fork(), "fork");
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prepare();
        if (write(ready[1], "", 1) != 1) _exit(3);
        close(ready[0]);
        close(ready[1]);
        for (;;) pause();
    }
    char byte;
    if (read(ready[0], &byte, 1) != 1) _exit(3);
    close(ready[0]);
    close(ready[1]);
    return child;
}

void make_file_locks() {
    tell("flock holder", child_that_waits([] { flock(opened("flock"), LOCK_EX); }));
    const int wanted = opened("flock");
    tell("flock", wanted);
    rows.push_back({"flock", [wanted] { flock(wanted, LOCK_EX); }});

    const pid_t holder = child_that_waits([] {
        struct flock lock = range(F_WRLCK, 0, 100);
        fcntl(opened("record"), F_SETLK, &lock);
        struct flock other = range(F_WRLCK, 200, 100);
        fcntl(opened("record"), F_SETLK, &other);
    });
    // Closing a descriptor of the file would free the locks: the child keeps both open.
    tell("record holder", holder);
    const int record = opened("record");
    tell("record", record);
    rows.push_back({"record", [record] {
                        struct flock lock = range(F_RDLCK, 10, 20);
                        fcntl(record, F_SETLKW, &lock);
                    }});
    rows.push_back({"lockf", [record] {
                        lseek(record, 250, SEEK_SET);
                        if (lockf(record, F_LOCK, 10) != 0) std::perror("lockf");
                    }});

    const int mine = opened("own");
    flock(mine, LOCK_SH);
    tell("own holder", mine);
    const int again = opened("own");
    tell("own", again);
    unlink((folder + "/own").c_str());
    rows.push_back({"own", [again] { flock(again, LOCK_EX); }});

    const int memory = checked(memfd_create("memory", MFD_CLOEXEC), "memfd_create");
    flock(memory, LOCK_EX);
    tell("memfd holder", memory);
    const int reopened = checked(open(("/proc/self/fd/" + std::to_string(memory)).c_str(), O_RDWR), "open");
    tell("memfd", reopened);
    rows.push_back({"memfd", [reopened] { flock(reopened, LOCK_EX); }});

    struct flock whole = range(F_WRLCK, 0, 0);
    const int open_file = opened("open file");
    fcntl(open_file, F_OFD_SETLK, &whole);
    tell("open file holder", open_file);
    const int another = opened("open file");
    rows.push_back({"open file", [another, whole] {
                        struct flock lock = whole;
                        fcntl(another, F_OFD_SETLKW, &lock);
                    }});
}

void make_children() {
    const pid_t child = child_that_waits([] {});
    tell("child", child);
    rows.push_back({"child", [child] { waitpid(child, nullptr, 0); }});
    rows.push_back({"any child", [] { wait(nullptr); }});
    rows.push_back({"waitid", [child] {
                        siginfo_t info;
                        waitid(P_PID, static_cast<id_t>(child), &info, WEXITED);
                    }});
    const auto handle = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
    if (handle >= 0) {
        rows.push_back({"pidfd", [handle] {
                            siginfo_t info;
                            waitid(P_PIDFD, static_cast<id_t>(handle), &info, WEXITED);
                        }});
    }
}

void make_signals() {
    static sigset_t some;
    sigemptyset(&some);
    sigaddset(&some, SIGUSR2);
    sigaddset(&some, SIGRTMIN + 3);
    rows.push_back({"sigwait", [] {
                        int signal;
                        sigwait(&some, &signal);
                    }});
    rows.push_back({"sigtimedwait", [] {
                        const timespec time{86'400, 0};
                        sigtimedwait(&some, nullptr, &time);
                    }});
    rows.push_back({"sigsuspend", [] {
                        sigset_t blocked;
                        sigfillset(&blocked);
                        sigdelset(&blocked, SIGWINCH);
                        sigsuspend(&blocked);
                    }});
    rows.push_back({"pause", [] {
                        sigset_t blocked;
                        sigemptyset(&blocked);
                        sigaddset(&blocked, SIGHUP);
                        pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
                        pause();
                    }});
}

}  // namespace

int main(int count, char** arguments) {
    folder = arguments[1];
    if (count > 2) {
        flock(opened("twice"), LOCK_EX);
        pthread_t thread;  // from its first one on, a program is recorded
        pthread_create(
            &thread, nullptr, [](void* nothing) { return nothing; }, nullptr);
        pthread_join(thread, nullptr);
        arguments[2][0] = 'A';  // as servers write a title over their arguments
        const int again = opened("twice");
        gate::say("sitting\n");
        flock(again, LOCK_EX);
        return 0;
    }
    make_file_locks();
    make_children();
    make_signals();
    calls::sit_in_all();
}
