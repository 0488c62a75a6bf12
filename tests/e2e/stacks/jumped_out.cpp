// SPDX-License-Identifier: Apache-2.0
//
// A thread in a call that POSIX lets a signal handler jump out of; once it is in it, its handler runs, and then it
// works without another call. Says "left".
//
//   jumped_out CALL [locks]   read, flock, pause, waitpid, sleep; locks: at work it takes a lock, and lets it go
//   jumped_out reads          the twin: nobody jumps out of a read that takes the kernel long, and says "left"
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tests/support/gate.h"
#include "tests/support/stuck.h"

namespace {

std::string what;
bool locks = false;
int read_end = -1;
int wanted_file = -1;
pid_t child = -1;
sigjmp_buf out;
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
volatile long worked = 0;

void jump(int) {
    siglongjmp(out, 1);
}

void wait_for_what_never_comes() {
    char byte;
    if (what == "read" && read(read_end, &byte, 1) < 0) return;
    if (what == "flock") flock(wanted_file, LOCK_EX);
    if (what == "pause") pause();
    if (what == "waitpid") waitpid(child, nullptr, 0);
    if (what == "sleep") sleep(1000);
}

void* leave_and_work(void*) {
    pthread_setname_np(pthread_self(), "worker");
    if (sigsetjmp(out, 1) == 0) wait_for_what_never_comes();
    gate::say("left\n");
    while (true) {
        if (locks) pthread_mutex_lock(&lock);
        worked = worked + 1;
        if (locks) pthread_mutex_unlock(&lock);
    }
}

/// A gigabyte, for which the kernel takes seconds, all into the same memory.
void* read_for_long(void*) {
    pthread_setname_np(pthread_self(), "worker");
    const int file = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
    std::vector<char> bytes(1 << 20);
    const std::vector<iovec> parts(1024, iovec{bytes.data(), bytes.size()});
    gate::say("left\n");
    while (readv(file, parts.data(), static_cast<int>(parts.size())) > 0) continue;
    return nullptr;
}

}  // namespace

int main(int argc, char** argv) {
    what = argc > 1 ? argv[1] : "";
    locks = argc > 2;
    int ends[2];
    if (pipe(ends) != 0) return 1;
    read_end = ends[0];
    char path[] = "/tmp/jumped_out_XXXXXX";
    const int held_file = mkstemp(path);
    wanted_file = open(path, O_RDWR | O_CLOEXEC);
    unlink(path);
    flock(held_file, LOCK_EX);
    if (what == "waitpid") child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (true) pause();
    }
    signal(SIGUSR2, jump);
    pthread_t worker;
    if (pthread_create(&worker, nullptr, what == "reads" ? read_for_long : leave_and_work, nullptr) != 0) return 2;
    if (what != "reads") {
        gate::await_others_stuck_in(1, {/*read*/ 0, /*flock*/ 73, /*pause*/ 34, /*wait4*/ 61, /*clock_nanosleep*/ 230});
        pthread_kill(worker, SIGUSR2);
    }
    while (true) pause();
}
