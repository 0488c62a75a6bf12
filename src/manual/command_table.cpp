// SPDX-License-Identifier: Apache-2.0
#include "manual/command_table.h"

#include <algorithm>

namespace manual {

const Command* find_command(const CommandTable& table, const std::string& name) {
    const auto found = std::find_if(table.commands.begin(), table.commands.end(),
                                    [&](const Command& command) { return command.name == name; });
    return found == table.commands.end() ? nullptr : &*found;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

}  // namespace manual
