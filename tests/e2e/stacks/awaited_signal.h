// SPDX-License-Identifier: Apache-2.0
//
// How the programs of this folder are told to go on.
#pragma once

#include <signal.h>

/// SIGUSR2, blocked in this thread and those it starts from here on, and waited for.
class AwaitedSignal {
public:
    AwaitedSignal() {
        sigemptyset(&signals_);
        sigaddset(&signals_, SIGUSR2);
        sigprocmask(SIG_BLOCK, &signals_, nullptr);
    }
    void await() const {
        int signal = 0;
        sigwait(&signals_, &signal);
    }

private:
    sigset_t signals_;
};
