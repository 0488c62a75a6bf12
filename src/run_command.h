// SPDX-License-Identifier: Apache-2.0
//
// `loiter run` and `loiter gate`.
#pragma once

#include "launch/launch.h"
#include "options.h"

namespace command {

/// What the gate's judgement rests on.
struct Judgement {
    bool failed = false;   ///< a verdict of --fail-on applied
    bool complete = true;  ///< every process' snapshot could be judged
    bool strict = false;   ///< a child that could not be observed counts as CMD would
};

/// The exit status of `run` or `gate`; see "Exit status" in the interface.
int exit_status(Command command, const launch::Result& result, const Judgement& judgement);

/// Runs CMD; returns the exit status. Throws UsageError before CMD starts, launch::Error.
int run(const Options& options);

}  // namespace command
