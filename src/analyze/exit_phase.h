// SPDX-License-Identifier: Apache-2.0
//
// An exit that hangs: a thread is within exit(), in what the program has left to be done there.
#pragma once

#include <optional>
#include <string>

#include "snapshot/snapshot.h"

namespace analyze {

/// Where a thread is on the way out.
struct ExitPhase {
    uint32_t thread = 0;
    bool main_returned = false;  ///< else exit() was called
    std::string phase;           ///< "static destructor", "atexit handler", "exit"
    std::string function;        ///< the one that exit() runs; empty: not known
    bool waits = false;          ///< untimed: it may never come out
};

/// Empty: no thread is in exit(), as far as their stacks tell.
std::optional<ExitPhase> find_exit_phase(const snapshot::Snapshot& snapshot);

/// "main has returned, and exit() is in static destructor Pool::~Pool(), which T1 does not leave: ..."
std::string exit_words(const snapshot::Snapshot& snapshot, const ExitPhase& phase);

}  // namespace analyze
