// SPDX-License-Identifier: Apache-2.0
//
// A thread that the kernel holds because its child has not executed a program yet. Says "sitting" and the child's
// number when it does; ends by a signal only.
//
//   new_children spawn FIFO   posix_spawn, whose child is to open FIFO first
//   new_children vfork FIFO   a child of vfork opens it
//   new_children read FIFO    a child of vfork reads from an empty pipe
//   new_children clone FIFO   a child of clone opens it
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>

#include "tests/support/gate.h"

namespace {

const char* fifo;
int ends[2];
char byte;
std::atomic<long> maker;
alignas(16) char stack[64 * 1024];

void spawn() {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, fifo, O_RDONLY, 0);
    char program[] = "true";
    char* const arguments[] = {program, nullptr};
    pid_t child = 0;
    posix_spawnp(&child, program, &actions, nullptr, arguments, environ);  // SITE(spawn) spawn
}

void fork_and_open() {
    if (vfork() != 0) return;  // SITE(vfork) fork_and_open
    open(fifo, O_RDONLY);
    _exit(0);
}

void fork_and_read() {
    if (vfork() != 0) return;  // SITE(read) fork_and_read
    if (read(ends[0], &byte, 1) != 1) _exit(1);
    _exit(0);
}

int open_fifo(void*) {
    return open(fifo, O_RDONLY);
}
void clone_and_open() {
    clone(open_fifo, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr);  // SITE(clone) clone_and_open
}

void* make_child(void* way) {
    const std::string name = static_cast<const char*>(way);
    pthread_setname_np(pthread_self(), "makes");
    maker = syscall(SYS_gettid);
    if (name == "spawn") spawn();
    if (name == "vfork") fork_and_open();
    if (name == "read") fork_and_read();
    if (name == "clone") clone_and_open();
    return nullptr;
}

/// 0: it has none.
long child_of(long thread) {
    long child = 0;
    std::ifstream("/proc/self/task/" + std::to_string(thread) + "/children") >> child;
    return child;
}

/// -1: it runs.
long call_of(long process) {
    long number = -1;
    std::ifstream("/proc/" + std::to_string(process) + "/syscall") >> number;
    return number;
}

}  // namespace

int main(int, char** arguments) {
    fifo = arguments[2];
    if (mkfifo(fifo, 0600) != 0 || pipe(ends) != 0) return 4;
    pthread_t thread;
    pthread_create(&thread, nullptr, make_child, arguments[1]);
    const long awaited = std::strcmp(arguments[1], "read") == 0 ? SYS_read : SYS_openat;
    gate::await([&] {
        const long child = maker == 0 ? 0 : child_of(maker);
        return child != 0 && call_of(child) == awaited;
    });
    gate::say(("sitting " + std::to_string(child_of(maker)) + "\n").c_str());
    for (;;) pause();
}
