// SPDX-License-Identifier: Apache-2.0
//
// The table of commands and options, in the languages of man and of shells.
#pragma once

#include <string>

#include "manual/command_table.h"

namespace manual {

/// In roff, with the macros of man(7). `command`: one of the table's; empty: the page of all.
std::string page(const CommandTable& table, const std::string& command);

std::string bash_completion(const CommandTable& table);
std::string zsh_completion(const CommandTable& table);
std::string fish_completion(const CommandTable& table);

}  // namespace manual
