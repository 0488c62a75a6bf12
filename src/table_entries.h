// SPDX-License-Identifier: Apache-2.0
//
// The declarations of the command line as rows of the table that manual pages and completions are made of.
#pragma once

#include <string>
#include <vector>

#include "manual/command_table.h"
#include "options.h"

namespace CLI {
class App;
}

namespace command {

/// `of_threads`: its reports are of threads, and have every format.
std::vector<manual::Option> option_entries(const CLI::App& app, bool of_threads);

manual::Operand operand_of(Command command);

std::vector<manual::Status> statuses_of(Command command);

/// The same as lines of a help.
std::string status_text(Command command);

}  // namespace command
