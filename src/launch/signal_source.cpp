// SPDX-License-Identifier: Apache-2.0
#include "launch/signal_source.h"

#include <sys/signalfd.h>

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

}  // namespace

SignalSource::SignalSource() {
    struct sigaction default_action = {};
    default_action.sa_handler = SIG_DFL;
    sigaction(SIGCHLD, &default_action, &original_child_action_);

    sigset_t wanted;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2}) {
        if (!is_ignored(signal)) sigaddset(&wanted, signal);
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
    return Arrived{static_cast<int>(info.ssi_signo), info.ssi_code == SI_KERNEL};
}

void SignalSource::restore() const noexcept {
    sigaction(SIGCHLD, &original_child_action_, nullptr);
    sigprocmask(SIG_SETMASK, &original_mask_, nullptr);
}

}  // namespace launch
