// SPDX-License-Identifier: Apache-2.0
//
// The checks of a program that is not started yet, as `loiter run` would start it from here.
#pragma once

#include <string>
#include <vector>

#include "doctor/doctor.h"
#include "doctor/machine_facts.h"
#include "launch/program_file.h"

namespace doctor {

struct CommandFacts {
    std::string command;
    std::string path;         ///< of the file that runs; empty: there is none
    bool is_there = false;    ///< a file of that name, whether it can be executed or not
    launch::Program program;  ///< what it is
    Machine machine;
};

CommandFacts look_at_command(const std::string& command);
std::vector<Check> check_command(const CommandFacts& facts);

}  // namespace doctor
