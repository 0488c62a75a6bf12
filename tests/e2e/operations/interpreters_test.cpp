// SPDX-License-Identifier: Apache-2.0
//
// What waits in an interpreter or a virtual machine waits in its native locks: the words are those.
#include <algorithm>
#include <utility>

#include "tests/e2e/operations/operations_test.h"
#include "tests/support/eventually.h"

namespace operations {
namespace {

const std::string kFolder = std::string(OPERATION_SOURCES) + "/interpreted/";

struct Expected {
    std::string state;
    bool timed = false;
    std::string kind;
    bool operator==(const Expected&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Expected& told) {
    return out << told.state << (told.timed ? " (timed) " : " ") << told.kind;
}

Expected told_of(const Json& thread) {
    const Json& wait = thread.at("waits_for");
    return {thread.at("state"), thread.at("timed"), wait.is_null() ? "" : report::text_of(wait.at("kind"))};
}

bool is_installed(const std::string& program) {
    return support::run({.arguments = {program, "--version"}}).status == 0;
}

class Interpreter : public testing::Test {
protected:
    void start(const std::vector<std::string>& command) {
        target_ = std::make_unique<support::Running>(observed(command, folder_.path()));
        ASSERT_TRUE(target_->await_output("started"));
    }

    Json look() const { return Json::parse(dump(target_->pid(), "json")); }

private:
    support::TemporaryFolder folder_;
    std::unique_ptr<support::Running> target_;
};

TEST_F(Interpreter, PythonsThreadsWaitInSemaphores) {
    const Expected semaphore{"semaphore", false, "semaphore"};
    const Expected timed{"semaphore", true, "semaphore"};
    const Expected sleeping{"sleep", true, ""};
    const std::vector<Expected> table = {semaphore, timed,     semaphore, semaphore, timed,    semaphore, semaphore,
                                         semaphore, semaphore, semaphore, semaphore, sleeping, semaphore};
    if (!is_installed("/usr/bin/python3")) GTEST_SKIP() << "no Python: apt-get install python3";
    start({"/usr/bin/python3", kFolder + "operations.py"});

    std::vector<Expected> told;
    support::eventually([&] {
        const Json report = look();
        told.clear();
        for (size_t index = 0; index < table.size() && index + 1 < report.at("threads").size(); ++index)
            told.push_back(told_of(report.at("threads").at(index + 1)));
        return told == table;
    });

    EXPECT_EQ(told, table);
}

TEST_F(Interpreter, JavasThreadsWaitOnConditions) {
    const Expected condition{"cond wait", false, "condition"};
    const Expected timed{"cond wait", true, "condition"};
    const std::vector<std::pair<std::string, Expected>> table = {
        {"wait", condition},  {"wait_timed", timed}, {"park", condition}, {"reentrant", condition},
        {"queue", condition}, {"sleep", timed},      {"join", condition}};
    if (!is_installed("javac")) GTEST_SKIP() << "no Java compiler: apt-get install default-jdk-headless";
    start({"java", kFolder + "Operations.java"});

    std::vector<std::pair<std::string, Expected>> told;
    support::eventually([&] {
        const Json report = look();
        told.clear();
        for (const auto& [name, expected] : table) {
            for (const Json& thread : report.at("threads")) {
                if (thread.at("name") == name) told.emplace_back(name, told_of(thread));
            }
        }
        return told == table;
    });

    EXPECT_EQ(told, table);
}

TEST_F(Interpreter, NodesWorkersWaitOnConditions) {
    if (!is_installed("node")) GTEST_SKIP() << "no node: apt-get install nodejs";
    start({"node", kFolder + "operations.js"});

    // Its pool waits too, without a bound; a bounded wait is the second worker's.
    EXPECT_TRUE(support::eventually([&] {
        const Json report = look();
        const Json& threads = report.at("threads");
        const auto count = [&](const Expected& wanted) {
            return std::count_if(threads.begin(), threads.end(),
                                 [&](const Json& thread) { return told_of(thread) == wanted; });
        };
        return count({"cond wait", true, "condition"}) == 1 && count({"cond wait", false, "condition"}) > 4;
    }));
}

}  // namespace
}  // namespace operations
