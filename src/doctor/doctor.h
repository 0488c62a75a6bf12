// SPDX-License-Identifier: Apache-2.0
//
// Can a program, or a running process, be observed, and if not, why and what to do. Facts are
// gathered first, then judged by a table of checks each (command_checks.cpp, process_checks.cpp):
// a new check is a row there, and a field of the facts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace doctor {

enum class Mark {
    kOk,
    kWarn,  ///< observed, but something is missing or goes another way
    kNo     ///< cannot be observed for that reason
};

struct Check {
    std::string about;  ///< one word or two: "program", "shared memory"
    Mark mark = Mark::kOk;
    std::string reason;
    std::string advice;  ///< what to do; empty: nothing needs to be done
};

struct Diagnosis {
    std::string command;  ///< as it was given; empty: of a process
    uint32_t pid = 0;     ///< 0: of a command
    std::vector<Check> checks;
    std::string verdict;  ///< one sentence

    bool can_be_observed() const;
};

Diagnosis diagnose_command(const std::string& command);
Diagnosis diagnose_process(uint32_t pid);

/// "ok", "warn", "no".
const char* word(Mark mark);

}  // namespace doctor
