// SPDX-License-Identifier: Apache-2.0
//
// Programs under the library alone, and what `loiter dump` says of them.
#pragma once

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace dumped {

using report::Json;
using Words = std::vector<std::string>;

inline support::Command observed(const Words& arguments, const support::TemporaryFolder& folder) {
    support::Command command;
    command.arguments = arguments;
    command.environment = {
        {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};
    return command;
}

inline support::Outcome dump(pid_t pid, const Words& options) {
    Words arguments{LOITER_COMMAND, "dump"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.push_back(std::to_string(pid));
    return support::run({.arguments = arguments});
}

inline Json dump_json(pid_t pid, Words options = {}) {
    options.insert(options.end(), {"--format", "json"});
    const support::Outcome outcome = dump(pid, options);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    return Json::parse(outcome.output);
}

inline const Json& thread_named(const Json& report, const std::string& name) {
    for (const Json& thread : report.at("threads")) {
        if (thread.at("name") == name) return thread;
    }
    throw std::runtime_error("no thread " + name);
}

/// Sites of the frames of the program, from the innermost on; an empty one may be anywhere.
inline void expect_chain(const Json& stack, const std::string& source, const Words& chain) {
    const std::vector<Json> frames = report::program_frames(stack);
    ASSERT_EQ(frames.size(), chain.size()) << report::describe(stack);
    for (size_t i = 0; i < chain.size(); ++i) {
        if (chain[i].empty()) continue;
        const report::Site site = report::site_of(source, chain[i]);
        EXPECT_TRUE(report::is_at(frames[i], site)) << "expected " << report::describe(site) << " in\n"
                                                    << report::describe(stack);
    }
}

}  // namespace dumped
