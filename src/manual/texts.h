// SPDX-License-Identifier: Apache-2.0
//
// What manual pages say beside the table: how a command behaves, examples, the environment.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace manual {

struct Row {
    std::string_view name;
    std::string_view text;
};

/// Paragraphs of a command's description; `command` empty: of all. None for those that need none.
std::vector<std::string_view> description_of(std::string_view command);

/// Command lines, and what they do.
std::vector<Row> examples_of(std::string_view command);

std::vector<Row> environment();
std::vector<Row> files();

}  // namespace manual
