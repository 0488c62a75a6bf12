// SPDX-License-Identifier: Apache-2.0
//
// What a look at a live process may cost it, and its caller.
#pragma once

namespace reader {

struct LookOptions {
    /// Threads that run may be stopped for an instant, for their stacks; at the process' end they may be
    /// in any case.
    bool stop_running = false;
    /// How much of a processor threads that run take is told, for which they are watched for a short
    /// window. One who looks again and again does without.
    bool watch_running = true;
    /// Other processes that hold what this one waits for are looked at too.
    bool follow_owners = true;
};

}  // namespace reader
