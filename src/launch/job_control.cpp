// SPDX-License-Identifier: Apache-2.0
#include "launch/job_control.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

#include "launch/file_descriptor.h"
#include "read/kernel/proc.h"

namespace launch {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopLasts{20};  ///< that is no moment between two signals
constexpr int kShortestPauseMs = 10;    ///< between two looks at one that is stopped, as it may be for days
constexpr int kLongestPauseMs = 50;

/// A shell with job control started this process: it waits for stops as well, and lets go on what it is asked to.
bool shell_minds_stops() {
    const pid_t parent = getppid();
    return getsid(parent) == getsid(0) && getpgid(parent) != getpgrp();
}

/// Of a thread that lives: main may have ended before the others.
std::optional<reader::TaskStatus> status_of(pid_t pid) {
    const auto process = static_cast<uint32_t>(pid);
    return reader::status_of_task(process, reader::live_task(process));
}

bool is_stopped(const std::optional<reader::TaskStatus>& status) {
    return status && (status->state == 'T' || status->state == 't');
}

/// Also where this process was started with the signal ignored or blocked.
void stop_by(int signal) {
    struct sigaction default_action = {};
    default_action.sa_handler = SIG_DFL;
    struct sigaction before = {};
    sigset_t only;
    sigset_t mask;
    sigemptyset(&only);
    sigaddset(&only, signal);
    const bool may_change = sigaction(signal, &default_action, &before) == 0;
    sigprocmask(SIG_UNBLOCK, &only, &mask);
    raise(signal);
    sigprocmask(SIG_SETMASK, &mask, nullptr);
    if (may_change) sigaction(signal, &before, nullptr);
}

/// Lets this process, which is stopped, go on as soon as the program does: who let the program go on may know nothing
/// of this process. Its child, as one that is stopped cannot see to that itself.
class Waker {
public:
    Waker(pid_t program, const std::optional<JobControl::Clock::time_point>& until) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) return;
        FileDescriptor reading(ends[0]);
        writing_ = FileDescriptor(ends[1]);
        const pid_t sleeper = getpid();
        pid_ = fork();
        if (pid_ != 0) return;
        writing_ = FileDescriptor();
        wake(sleeper, program, until, reading.get());
    }

    ~Waker() {
        writing_ = FileDescriptor();
        if (pid_ <= 0) return;
        kill(pid_, SIGCONT);
        waitpid(pid_, nullptr, 0);
    }

    Waker(const Waker&) = delete;
    Waker& operator=(const Waker&) = delete;

    bool is_there() const { return pid_ > 0; }

private:
    /// Until the other end is closed: the sleeper is awake, or was killed.
    [[noreturn]] static void wake(pid_t sleeper, pid_t program,
                                  const std::optional<JobControl::Clock::time_point>& until, int other_end) {
        int pause = kShortestPauseMs;
        pollfd closed = {other_end, POLLIN, 0};
        while (poll(&closed, 1, pause) == 0) {
            pause = std::min(pause * 2, kLongestPauseMs);
            // Again and again: the first may come before the sleeper has stopped.
            if (!is_stopped(status_of(program)) || (until && JobControl::Clock::now() >= *until))
                kill(sleeper, SIGCONT);
        }
        _exit(0);
    }

    FileDescriptor writing_;
    pid_t pid_ = -1;
};

}  // namespace

void JobControl::note(int wait_status) {
    if (WIFSTOPPED(wait_status)) stop_ = {WSTOPSIG(wait_status), Clock::now()};
    if (!WIFCONTINUED(wait_status)) return;
    stop_.reset();
    is_told_to_stop_ = false;
    goes_on_ = true;
}

bool JobControl::is_time_to_stop() const {
    return stop_ && Clock::now() >= stop_->seen + kStopLasts;
}

void JobControl::stop_along() {
    const int signal = stop_->signal;
    const bool is_wanted = is_told_to_stop_ || shell_minds_stops();
    stop_.reset();
    is_told_to_stop_ = false;
    if (!is_wanted) return;
    const auto before = status_of(program_);
    if (!is_stopped(before)) return;
    const Waker waker(program_, until_);
    if (!waker.is_there()) return;
    stop_by(signal);
    // It may have gone on, and have stopped again.
    const auto now = status_of(program_);
    goes_on_ = !is_stopped(now) || now->switches != before->switches;
}

}  // namespace launch
