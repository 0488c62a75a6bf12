// SPDX-License-Identifier: Apache-2.0
//
// What the tests of unobserved processes share.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace unobserved {

using report::Json;
using Words = std::vector<std::string>;

inline support::Outcome loiter(Words arguments) {
    arguments.insert(arguments.begin(), LOITER_COMMAND);
    return support::run({.arguments = std::move(arguments)});
}

inline Json report_of(const Words& command) {
    Words arguments = command;
    arguments.insert(arguments.begin() + 1, {"--format", "json"});
    const support::Outcome outcome = loiter(arguments);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    EXPECT_EQ(outcome.errors, "");
    return outcome.output.empty() ? Json::object() : Json::parse(outcome.output);
}

inline Json dump(pid_t pid) {
    return report_of({"dump", std::to_string(pid)});
}

inline const Json& thread_named(const Json& report, const std::string& name) {
    for (const Json& thread : report.at("threads")) {
        if (thread.at("name") == name) return thread;
    }
    throw std::runtime_error("no thread \"" + name + "\" in the report");
}

inline long line_count(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

}  // namespace unobserved
