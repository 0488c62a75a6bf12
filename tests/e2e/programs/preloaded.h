// SPDX-License-Identifier: Apache-2.0
//
// What the tests of unmodified programs under the library alone share: a run without it, one with it, and
// the report that the latter leaves in a file of its own.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace programs {

using report::Json;
using support::Command;
using support::Outcome;
using Words = std::vector<std::string>;

inline bool is_installed(const std::string& program) {
    return support::run({.arguments = {"sh", "-c", "command -v " + program}}).status == 0;
}

/// The command with the library in every process of it. Reports go to `folder`/log.PID, recordings to `folder`.
inline Command preloaded(Command command, const std::string& folder) {
    command.environment.emplace_back("LD_PRELOAD", LOITER_LIBRARY);
    command.environment.emplace_back("LOITER_OPTIONS",
                                     "grace=50ms:format=json:dir=" + folder + ":log_path=" + folder + "/log");
    return command;
}

/// The last report of a process, when it is wholly written and `reason` is why it was made.
inline std::optional<Json> report_of(pid_t pid, const std::string& folder, const std::string& reason) {
    std::ifstream file(folder + "/log." + std::to_string(pid));
    const Json report = Json::parse(file, nullptr, /*allow_exceptions=*/false);
    if (report.is_discarded() || report.at("process").at("reason") != reason) return std::nullopt;
    return report;
}

/// The reports that ended processes left in `folder`.
inline std::vector<Json> reports_in(const std::string& folder) {
    std::vector<Json> reports;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (!entry.path().filename().string().starts_with("log.")) continue;
        reports.push_back(Json::parse(report::read_text(entry.path())));
    }
    return reports;
}

struct Twice {
    Outcome plain;
    Outcome observed;
    std::vector<Json> reports;
};

inline Twice run_twice(const Command& command) {
    const support::TemporaryFolder folder;
    Twice twice;
    twice.plain = support::run(command);
    twice.observed = support::run(preloaded(command, folder.path()));
    twice.reports = reports_in(folder.path());
    return twice;
}

inline void expect_untouched(const Twice& twice, int status) {
    EXPECT_EQ(twice.plain.status, status) << twice.plain.errors;
    EXPECT_EQ(twice.observed.status, status) << twice.observed.errors;
    EXPECT_TRUE(twice.observed.output == twice.plain.output)
        << twice.observed.output.size() << " bytes of output instead of " << twice.plain.output.size();
    EXPECT_EQ(twice.observed.errors, twice.plain.errors);
}

/// Nothing is found, so nobody is told: by default not a word, in a machine format an object without findings.
inline void expect_clean(const Command& command, int status) {
    const Twice twice = run_twice(command);
    expect_untouched(twice, status);
    for (const Json& report : twice.reports) EXPECT_EQ(report.at("findings"), Json::array()) << report.dump(1);

    Command by_default = command;
    by_default.environment.emplace_back("LD_PRELOAD", LOITER_LIBRARY);
    expect_untouched({twice.plain, support::run(by_default), {}}, status);
}

/// Threads of this name, as the report lists them.
inline std::vector<Json> named(const Json& report, const std::string& name) {
    std::vector<Json> threads;
    for (const Json& thread : report.at("threads")) {
        if (thread.at("name") == name) threads.push_back(thread);
    }
    return threads;
}

inline testing::AssertionResult has_function(const Json& stack, const std::string& name) {
    for (const Json& frame : stack) {
        if (report::names_function(report::text_of(frame.at("function")), name)) return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "no " << name << " in\n" << report::describe(stack);
}

/// No stack has a frame of ours, and nothing is called more than what is left at any end.
inline void expect_facts_alone(const Json& report) {
    EXPECT_EQ(report.dump().find("libloiter"), std::string::npos) << "a frame of ours in a stack";
    for (const Json& finding : report.at("findings")) EXPECT_EQ(finding.at("certainty"), "fact") << finding.dump(1);
}

}  // namespace programs
