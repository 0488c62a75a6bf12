// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "launch/descriptor_limit.h"
#include "launch/signal_source.h"

namespace launch {

/// A started program, or why it was not: an errno of execvp.
struct Started {
    pid_t pid = -1;
    int error = 0;
};

/// This process' environment.
std::vector<std::string> environment();
/// The same with `library` first in LD_PRELOAD, and what the library is told of the run: RunMark::variable.
std::vector<std::string> observed_environment(const std::string& library, const std::string& directory,
                                              const std::string& run_variable);

/// Starts the program as execvp finds it, in this process group, with the mask and dispositions
/// that `signals` keeps, the limit that `descriptors` does, and untouched descriptors. Returns when it runs, or failed
/// to. Throws Error.
Started start_program(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                      const SignalSource& signals, const DescriptorLimit& descriptors);

}  // namespace launch
