// SPDX-License-Identifier: Apache-2.0
//
// Starts another program without the target noticing: no SIGCHLD, nothing for its wait(-1), no
// descriptor kept open, no thread. Safe in signal handlers: system calls and static memory only.
#pragma once

#include <cstdint>

namespace preload {

enum class Started {
    kNot,      ///< it could not be
    kBusy,     ///< another thread is at it, or the call that a handler interrupted: nothing was done
    kRunning,  ///< started, and left to itself
    kDone,     ///< ended with `status`
    kTooLate,  ///< still running when the time was over
};

struct StartResult {
    Started started;
    int status;  ///< exit status of a program that ended by itself; -1: killed, or not known
    int error;   ///< kNot: an errno value
};

/// What is to be started. One at a time in a process: it lies in static memory, as signal stacks are
/// small, and belongs to whoever has taken it until it is given back.
struct InvisibleProcess {
    char* const* arguments;
    char* const* environment;
    /// Called in the new process, whose descriptors are a copy; returns the path, or null.
    const char* (*find_path)();
};

/// False: another thread has it, or the call that a handler interrupted.
bool take_invisible_process();
void give_back_invisible_process();

/// Starts it, for the one who has taken it. A child of ours (which no wait but one with __WCLONE sees)
/// starts it and waits for it, or is gone at once. With `wait_ns` 0 it is left to itself.
StartResult start_invisibly(const InvisibleProcess& process, uint64_t wait_ns);

}  // namespace preload
