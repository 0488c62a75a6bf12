// SPDX-License-Identifier: Apache-2.0
//
// Who waits for this command, a shell with job control above all, sees it stop and go on as it would see CMD.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>

namespace launch {

class JobControl {
public:
    using Clock = std::chrono::steady_clock;

    /// `until`: then this command goes on in any case.
    JobControl(pid_t program, std::optional<Clock::time_point> until) : program_(program), until_(until) {}

    /// What waitpid says of CMD: that it has stopped, or goes on.
    void note(int wait_status);
    /// A signal came to this command that stops who does not catch it.
    void note_told_to_stop() { is_told_to_stop_ = true; }
    /// CMD goes on, which is news: who let it go on may have done so with both. A new look forgets.
    bool goes_on() const { return goes_on_; }
    void forget_news() { goes_on_ = false; }

    /// CMD has stopped, and this command may have to.
    bool is_undecided() const { return stop_.has_value(); }
    bool is_time_to_stop() const;
    /// Stops this command as CMD was stopped, where that is wanted, until somebody lets either go on.
    void stop_along();

private:
    struct Stop {
        int signal = 0;
        Clock::time_point seen;
    };

    pid_t program_;
    std::optional<Clock::time_point> until_;
    std::optional<Stop> stop_;
    bool is_told_to_stop_ = false;
    bool goes_on_ = false;
};

}  // namespace launch
