// SPDX-License-Identifier: Apache-2.0
//
// A program whose threads sit in calls, named for them, and reports of it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "tests/support/eventually.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace sitting {

using report::Json;

enum class Observed { kYes, kNo };

/// Runs, observed by the real library or without it, until this goes out of scope.
class Program {
public:
    explicit Program(const std::string& path, const std::vector<std::string>& options = {},
                     Observed observed = Observed::kYes)
        : running_(command(path, options, observed)), is_up_(running_.await_output("sitting")) {
        std::istringstream lines(running_.output());
        for (std::string line; std::getline(lines, line);) {
            const size_t blank = line.rfind(' ');
            if (blank != std::string::npos) facts_[line.substr(0, blank)] = line.substr(blank + 1);
        }
    }

    bool is_up() const { return is_up_; }
    pid_t pid() const { return running_.pid(); }
    std::string folder() const { return own_.path(); }
    /// What it said of a row.
    std::string fact(const std::string& row) const {
        const auto found = facts_.find(row);
        return found == facts_.end() ? "(not said: " + row + ")" : found->second;
    }
    std::string command_line() const { return program_ + " " + own_.path(); }
    /// As a child of this program is called in words: "4711 (COMMAND)".
    std::string child_words(const std::string& row) const {
        constexpr size_t kShown = 120;
        const std::string line = command_line();
        return fact(row) + " (" + (line.size() > kShown ? line.substr(0, kShown) + "..." : line) + ")";
    }

    std::string dump(const std::string& format) const {
        const support::Outcome outcome =
            support::run({.arguments = {LOITER_COMMAND, "dump", "--format", format, std::to_string(pid())}});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        return outcome.output;
    }
    Json report() const { return Json::parse(dump("json")); }

    /// Killed; then from what it left behind.
    Json report_after_death() {
        running_.signal(SIGKILL);
        running_.finish();
        const support::Outcome outcome =
            support::run({.arguments = {LOITER_COMMAND, "report", "--all", "--format", "json", recordings_.path()}});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        std::istringstream lines(outcome.output);
        for (std::string line; std::getline(lines, line);) {
            Json report = Json::parse(line);
            if (report.at("process").at("pid") == pid()) return report;
        }
        ADD_FAILURE() << "no report of process " << pid();
        return {};
    }

private:
    support::Command command(const std::string& path, const std::vector<std::string>& options, Observed observed) {
        program_ = path;
        support::Command command;
        command.arguments = {path, own_.path()};
        command.arguments.insert(command.arguments.end(), options.begin(), options.end());
        if (observed == Observed::kNo) return command;
        command.environment = {
            {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", recordings_.path()}, {"LOITER_OPTIONS", "report=none"}};
        return command;
    }

    support::TemporaryFolder recordings_;
    support::TemporaryFolder own_;
    std::string program_;
    support::Running running_;
    bool is_up_;
    std::map<std::string, std::string> facts_;
};

/// The thread that is named for this row; throws when there is none.
inline const Json& thread_of(const Json& report, const std::string& row) {
    for (const Json& thread : report.at("threads")) {
        if (report::text_of(thread.at("name")) == row.substr(0, 15)) return thread;
    }
    throw std::runtime_error("no thread for " + row);
}

inline std::string detail_of(const Json& thread) {
    return thread.at("waits_for").is_null() ? "" : report::text_of(thread.at("waits_for").at("detail"));
}

}  // namespace sitting
