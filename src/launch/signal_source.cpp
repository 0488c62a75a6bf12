// SPDX-License-Identifier: Apache-2.0
#include "launch/signal_source.h"

#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "launch/launch.h"

namespace launch {
namespace {

bool is_ignored(int signal) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    return action.sa_handler == SIG_IGN;
}

/// STOP and KILL cannot be taken. TSTP, TTIN and TTOU are CMD's to obey: this command stops when CMD has.
bool is_taken(int signal) {
    switch (signal) {
        case SIGKILL:
        case SIGSTOP:
        case SIGSEGV:
        case SIGBUS:
        case SIGFPE:
        case SIGILL:
        case SIGSYS: return false;
        default: return true;
    }
}

/// The terminal signals its whole foreground group, but tells of its end the leader of the session alone. Timers may
/// be older than this command, which replaced what had set them: they were meant for CMD.
bool is_for_program(const signalfd_siginfo& info) {
    const auto signal = static_cast<int>(info.ssi_signo);
    if (signal == SIGPIPE || signal == SIGXFSZ) return info.ssi_pid != static_cast<uint32_t>(getpid());
    if (info.ssi_code != SI_KERNEL) return true;
    if (signal == SIGHUP || signal == SIGCONT) return getsid(0) == getpid();
    return signal == SIGALRM || signal == SIGVTALRM || signal == SIGPROF;
}

}  // namespace

SignalSource::SignalSource() {
    struct sigaction default_action = {};
    default_action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &default_action, &original_child_action_);

    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    // libc keeps some for itself, and refuses to add them.
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        if (is_taken(signal) && !is_ignored(signal)) sigaddset(&wanted, signal);
    }
    sigprocmask(SIG_BLOCK, &wanted, &original_mask_);
    descriptor_ = FileDescriptor(signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!descriptor_.is_open()) {
        const int error = errno;
        restore();
        throw Error(std::string("cannot follow a program: signalfd: ") + std::strerror(error));
    }
}

SignalSource::~SignalSource() {
    // CMD has ended: what came too late for it must not hit this command in the middle of its report.
    while (next()) continue;
    restore();
}

std::optional<Arrived> SignalSource::next() {
    signalfd_siginfo info = {};
    if (read(descriptor_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
    Arrived arrived = {static_cast<int>(info.ssi_signo), is_for_program(info), static_cast<pid_t>(info.ssi_pid),
                       static_cast<uid_t>(info.ssi_uid), std::nullopt};
    if (info.ssi_code == SI_QUEUE) arrived.value = info.ssi_ptr;
    return arrived;
}

void pass_on(const Arrived& arrived, pid_t program) {
    if (arrived.value) {
        siginfo_t info = {};
        info.si_signo = arrived.signal;
        info.si_code = SI_QUEUE;
        info.si_pid = arrived.sender;
        info.si_uid = arrived.user;
        std::memcpy(&info.si_value, &*arrived.value, sizeof info.si_value);
        if (syscall(SYS_rt_sigqueueinfo, program, arrived.signal, &info) == 0) return;
    }
    kill(program, arrived.signal);
}

void SignalSource::restore() const noexcept {
    sigaction(SIGCHLD, &original_child_action_, nullptr);
    sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
}

}  // namespace launch
