// SPDX-License-Identifier: Apache-2.0
//
// Stops a running thread of another process for an instant (ptrace), for its registers. The only thing
// in the reader that a target could notice: only where it was asked for.
//
// Every stop is made by a thread of its own, which ends with it: the kernel lets go of what an ended
// tracer traces, and so no thread stays stopped, however this process ends or how long the other takes
// to stop.
#pragma once

#include <cstdint>
#include <functional>

#include "unwind/registers.h"

namespace reader {

enum class Stop {
    kStopped,  ///< and was looked at
    kInCall,   ///< it had just entered a system call: nothing was looked at
    kAsleep,   ///< it was in a system call: it was not even stopped
    kNot,      ///< it is gone, or did not stop in time
    kRefused,  ///< no right, somebody else traces it, or this process may have no more threads
};

struct StopResult {
    Stop stop = Stop::kNot;
    int error = 0;  ///< errno of kRefused
};

/// `look` is called while the thread is stopped, outside of every system call. It may call `let_go`,
/// from when on the thread runs.
using LookAtStopped = std::function<void(const unwind::Registers& registers, const std::function<void()>& let_go)>;

/// Of a thread that is seen to run right before it is stopped. If it enters a system call just then, the
/// call goes on as if nothing had been, or is made again where the kernel would have it return EINTR, and
/// a time limit of the call then starts anew. A write or a send that had begun to transfer may end with a
/// part. The end of a child of this process is left to be waited for.
StopResult stop_running_thread(uint32_t pid, uint32_t tid, const LookAtStopped& look);

/// The same, whatever the thread is seen to do: for tests.
StopResult stop_thread(uint32_t pid, uint32_t tid, const LookAtStopped& look);

}  // namespace reader
