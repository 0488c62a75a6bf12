// SPDX-License-Identifier: Apache-2.0
//
// Whom a timeout ends: never a process that has got the pid of one of the run's.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/started_processes.h"
#include "read/kernel/proc.h"
#include "tests/support/eventually.h"

namespace launch {
namespace {

/// As fork; the child gets the number `pid`. -1: no right to choose.
pid_t fork_as(pid_t pid) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    arguments.set_tid = reinterpret_cast<uint64_t>(&pid);
    arguments.set_tid_size = 1;
    return static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
}

/// A process that stays.
pid_t start() {
    const pid_t started = fork();
    while (started == 0) pause();
    return started;
}

/// What kill takes for many processes is none.
void send_end(pid_t pid) {
    if (pid > 1) {
        kill(pid, SIGTERM);
    } else {
        ADD_FAILURE() << "no process";
    }
}

void end(pid_t pid) {
    send_end(pid);
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
}

uint64_t start_ticks(pid_t pid) {
    const auto stat = reader::stat_of_process(static_cast<uint32_t>(pid));
    return stat ? stat->start_ticks : 0;
}

bool is_later_than(uint64_t ticks) {
    const pid_t started = start();
    const bool is_later = start_ticks(started) > ticks;
    end(started);
    return is_later;
}

/// It has a child that stays, and ends with the number of the signal that ends that.
pid_t start_with_child(pid_t pid, pid_t& child) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    const pid_t started = fork_as(pid);
    if (started == 0) {
        const pid_t own = start();
        if (write(ends[1], &own, sizeof(own)) != sizeof(own)) _exit(1);
        int status = 0;
        waitpid(own, &status, 0);
        _exit(WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    }
    if (started > 0) {
        EXPECT_EQ(read(ends[0], &child, sizeof(child)), ssize_t{sizeof(child)});
    }
    close(ends[0]);
    close(ends[1]);
    return started;
}

TEST(StartedProcesses, AreNotTheChildrenOfWhoHasTheirRootsPidByNow) {
    const pid_t root = start();
    ASSERT_GT(root, 1);
    StartedProcesses all(root, "LOITER_SUPERVISOR=0:1");
    const uint64_t root_start = start_ticks(root);
    end(root);
    ASSERT_TRUE(support::eventually([&] { return is_later_than(root_start); }));  // the kernel counts in 10ms
    pid_t child = 0;
    const pid_t successor = start_with_child(root, child);
    if (successor < 0) GTEST_SKIP() << "takes CAP_CHECKPOINT_RESTORE, to choose a pid";

    all.look({});
    EXPECT_FALSE(all.any_live());
    all.signal(SIGKILL);

    send_end(child);
    int status = 0;
    ASSERT_EQ(waitpid(successor, &status, 0), successor);
    EXPECT_EQ(WEXITSTATUS(status), SIGTERM);
}

}  // namespace
}  // namespace launch
