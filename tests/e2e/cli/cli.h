// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the command line share.
#pragma once

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/target_runner.h"

namespace cli {

using nlohmann::json;
using Words = std::vector<std::string>;

/// A command line of the built command.
inline support::Command loiter(const Words& arguments) {
    support::Command command;
    command.arguments = {LOITER_COMMAND};
    command.arguments.insert(command.arguments.end(), arguments.begin(), arguments.end());
    return command;
}

inline support::Outcome run(const Words& arguments) {
    return support::run(loiter(arguments));
}

/// A program under the library alone; its recording lies in a folder that goes with the test.
inline support::Command observed_plainly(const Words& program, const support::TemporaryFolder& folder) {
    support::Command command;
    command.arguments = program;
    command.environment = {
        {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};
    return command;
}

inline long line_count(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

inline std::string content(const std::string& path) {
    std::ifstream file(path);
    if (!file) return "(no such file)";
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The objects of a JSON report, one a line.
inline std::vector<json> objects(const std::string& lines) {
    std::vector<json> result;
    for (size_t start = 0; start < lines.size();) {
        const size_t end = lines.find('\n', start);
        result.push_back(json::parse(lines.substr(start, end - start)));
        start = end == std::string::npos ? lines.size() : end + 1;
    }
    return result;
}

/// "reason end status" of each process, sorted.
inline Words ends(const std::vector<json>& reports) {
    Words result;
    for (const json& report : reports) {
        const json& process = report.at("process");
        result.push_back(process.at("reason").get<std::string>() + " " + process.at("end").get<std::string>() + " " +
                         process.at("status").dump());
    }
    std::sort(result.begin(), result.end());
    return result;
}

}  // namespace cli
