// SPDX-License-Identifier: Apache-2.0
//
// What a report says of a thread in one operation.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace operations {

using report::Json;

/// Whom a thread waits for, as the report names it.
enum class Owner {
    kNobody,     ///< nobody can tell
    kMain,       ///< main has the lock
    kOwnThread,  ///< a thread that the waiter made
    kPrevious,   ///< the thread of the operation before: named as this one, without "_too"
};

inline constexpr bool kTimed = true;

/// One operation.
struct Row {
    std::string operation;  ///< name of its thread, and of the mark where it blocks
    std::string state;
    std::string kind;  ///< of what is waited for; empty: nothing
    Owner owner = Owner::kNobody;
    bool timed = false;
    std::string detail = {};   ///< of a wait for what is outside of the process: a part of what is said of it
    std::string library = {};  ///< that all of its stack is in; empty: the program's marked line is on top
};

inline Row outside(const std::string& operation, const std::string& state, const std::string& detail) {
    return {.operation = operation, .state = state, .kind = "", .detail = detail};
}

inline support::Command observed(const std::vector<std::string>& arguments, const std::string& folder) {
    support::Command command;
    command.arguments = arguments;
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder}, {"LOITER_OPTIONS", "report=none"}};
    return command;
}

inline std::string dump(pid_t pid, const std::string& format) {
    const support::Outcome outcome =
        support::run({.arguments = {LOITER_COMMAND, "dump", "--format", format, std::to_string(pid)}});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    return outcome.output;
}

/// The first one of this name: threads that it made have it too.
inline const Json& thread_named(const Json& report, const std::string& name) {
    for (const Json& thread : report.at("threads")) {
        if (thread.at("name") == name) return thread;
    }
    throw std::runtime_error("no thread " + name + " in " + report.dump(1));
}

inline void expect_owner(const Json& report, const Json& thread, const Row& row) {
    const Json& owners = thread.at("waits_for").at("owners");
    if (row.owner == Owner::kNobody) {
        EXPECT_EQ(owners, Json::array());
        return;
    }
    ASSERT_EQ(owners.size(), 1U) << thread.at("waits_for").dump(1);
    const Json& owner = report::thread(report, owners[0].at("thread"));
    switch (row.owner) {
        case Owner::kNobody: break;
        case Owner::kMain: EXPECT_EQ(owner.at("id"), 1); break;
        case Owner::kOwnThread: EXPECT_EQ(owner.at("created_by").at("thread"), thread.at("id")); break;
        case Owner::kPrevious: EXPECT_EQ(owner.at("name"), row.operation.substr(0, row.operation.rfind("_too"))); break;
    }
}

inline void expect_told(const Json& report, const Json& thread, const Row& row) {
    EXPECT_EQ(thread.at("state"), row.state) << report::describe(thread.at("stack"));
    EXPECT_EQ(thread.at("timed"), row.timed);
    if (!row.detail.empty()) {
        const std::string detail = report::text_of(thread.at("waits_for").at("detail"));
        EXPECT_NE(detail.find(row.detail), std::string::npos) << detail;
        return;
    }
    if (row.kind.empty()) {
        EXPECT_TRUE(thread.at("waits_for").is_null());
        return;
    }
    EXPECT_EQ(thread.at("waits_for").at("kind"), row.kind);
    EXPECT_NE(thread.at("waits_for").at("address"), Json());
    expect_owner(report, thread, row);
}

/// The first frame below the head of the thread's block.
inline std::string first_frame(const std::string& text, int id) {
    const std::string head = "\nT" + std::to_string(id) + " ";
    const size_t block = text.find(head);
    if (block == std::string::npos) throw std::runtime_error("no" + head + "in " + text);
    const size_t start = text.find('\n', block + 1) + 1;
    return text.substr(start, text.find('\n', start) - start);
}

inline void expect_starts_at(const std::string& text, int id, const report::Site& site) {
    const std::string frame = first_frame(text, id);
    EXPECT_TRUE(report::names_function(frame, site.function)) << report::describe(site) << " is not in " << frame;
    const std::string place = std::filesystem::path(site.file).filename().string() + ":" + std::to_string(site.line);
    EXPECT_TRUE(frame.ends_with(place)) << report::describe(site) << " is not in " << frame;
}

/// Untimed waits are blocked, the others alive, and the finding says where.
inline void expect_finding(const Json& report, const Json& thread, const Row& row, const std::string& function) {
    for (const Json& finding : report.at("findings")) {
        if (!report::threads_of(finding).contains(thread.at("id"))) continue;
        EXPECT_EQ(finding.at("verdict"), row.timed || !row.detail.empty() ? "alive" : "blocked") << finding.dump(1);
        const std::string message = finding.at("message");
        EXPECT_TRUE(report::names_function(message, row.state)) << message;
        EXPECT_TRUE(report::names_function(message, function)) << message;
        return;
    }
    FAIL() << "no finding of " << thread.dump(1);
}

}  // namespace operations
