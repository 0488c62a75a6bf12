// SPDX-License-Identifier: Apache-2.0
//
// All processes that CMD has started, whether they record or not: a child that has not executed its program yet,
// a static or setuid program, one whose environment was emptied.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace launch {

class StartedProcesses {
public:
    /// `variable`: NAME=VALUE, in the environment of this run's processes and of no others.
    StartedProcesses(pid_t root, std::string variable);

    /// Looks through /proc for those that descend from CMD, or from one that was met already, and for those that
    /// have its environment though all between have ended. Best while CMD lives. `known` are of them. True: there
    /// are some that were not met before.
    bool look(const std::vector<uint32_t>& known);
    /// Sends the signal to every one that lives, but CMD.
    void signal(int signal) const;
    /// But CMD.
    bool any_live() const;

private:
    uint32_t root_;
    uint64_t root_start_ticks_ = 0;  ///< once it has ended its pid may be another's
    std::string variable_;
    std::map<uint32_t, uint64_t> met_;  ///< when they began, by pid, which may be another's by now
};

}  // namespace launch
