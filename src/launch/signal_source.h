// SPDX-License-Identifier: Apache-2.0
//
// The signals that this command deals with while CMD runs, as events of a descriptor.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <optional>

#include "launch/file_descriptor.h"

namespace launch {

struct Arrived {
    int signal = 0;
    bool is_for_program = true;     ///< false: CMD got it as well, or it is about what this command does itself
    pid_t sender = 0;               ///< 0: not known
    uid_t user = 0;                 ///< the sender's
    std::optional<uint64_t> value;  ///< that was queued with it
};

/// Sends it to CMD, as far as the kernel lets as it came.
void pass_on(const Arrived& arrived, pid_t program);

/// While it lives signals are blocked and read from a descriptor: all but those that stop, and those by which the
/// kernel tells of a fault. Those that were ignored at the start stay ignored, CHLD excepted: without it there is no
/// status.
class SignalSource {
public:
    SignalSource();
    ~SignalSource();
    SignalSource(const SignalSource&) = delete;
    SignalSource& operator=(const SignalSource&) = delete;

    int descriptor() const { return descriptor_.get(); }
    std::optional<Arrived> next();

    /// Mask and dispositions as this command got them; for a forked child, async-signal-safe.
    void restore() const noexcept;

private:
    sigset_t original_mask_;
    struct sigaction original_child_action_;
    FileDescriptor descriptor_;
};

}  // namespace launch
