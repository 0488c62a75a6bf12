// SPDX-License-Identifier: Apache-2.0
//
// Pieces of lines that /proc writes, and pieces of the words that describe a call. What is taken from
// the target is bounded here; that it is printable is the report's affair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "read/kernel/numbers.h"

namespace reader {

/// Up to `most` fields between blanks.
std::vector<std::string_view> fields_of(std::string_view line, size_t most);

/// Takes the text up to the next newline, and that, from `text`; false: there is none left.
bool take_line(std::string_view& text, std::string_view& line);

/// "A", "A; B", "A; B; and 3 more".
std::string joined(const std::vector<std::string>& parts, size_t left_out);

/// What of a name or command line is shown.
std::string shortened(std::string text, size_t most);
inline constexpr size_t kShownCommand = 120;

/// The arguments of a process with blanks between them; its name where it has none.
std::string command_of_process(uint32_t pid, size_t most);

/// The same of an owner of a lock, as the report keeps it.
std::string command_of_owner(uint32_t pid);

/// "process 4243 (sh -c cat)", shortened
std::string process_words(uint32_t pid);

/// "SIGUSR1", "SIGRTMIN+3"
std::string signal_word(int signal);
/// Signal n at bit n - 1: "SIGINT, SIGTERM"; "" for none.
std::string signal_words(uint64_t signals);

}  // namespace reader
