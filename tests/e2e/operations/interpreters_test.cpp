// SPDX-License-Identifier: Apache-2.0
//
// What waits in an interpreter or a virtual machine waits in its native locks: the words are those, or its
// library's own, and the threads that it keeps for itself are none of the program's. All of it also without
// the library.
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/e2e/operations/operations_test.h"
#include "tests/support/eventually.h"

namespace operations {
namespace {

const std::string kFolder = std::string(OPERATION_SOURCES) + "/interpreted/";

struct Expected {
    std::string state;
    bool timed = false;
    std::string about;  ///< what is waited for; or, of what is outside of the process, what is said of it
    bool operator==(const Expected&) const = default;
};
using Table = std::map<std::string, Expected>;

std::ostream& operator<<(std::ostream& out, const Expected& told) {
    return out << told.state << (told.timed ? " (timed) " : " ") << told.about;
}

/// Of a detail the first words: numbers differ.
Expected told_of(const Json& thread) {
    const Json& wait = thread.at("waits_for");
    Expected told{thread.at("state"), thread.at("timed"), ""};
    if (wait.is_null()) return told;
    const std::string detail = report::text_of(wait.at("detail"));
    told.about = report::text_of(wait.at("kind"));
    if (told.about != "descriptor" && told.about != "file" && told.about != "child") return told;
    for (const char* const words : {"epoll", "pipe", "fifo", "listening", "established", "(cat)"}) {
        if (detail.find(words) == std::string::npos) continue;
        told.about = words;
        break;
    }
    return told;
}

bool is_installed(const std::string& program) {
    return support::run({.arguments = {program, "--version"}}).status == 0;
}

/// With the library, or without.
class Interpreter : public testing::TestWithParam<bool> {
protected:
    void start(const std::vector<std::string>& command) {
        const support::Command plain{.arguments = command};
        target_ = std::make_unique<support::Running>(GetParam() ? observed(command, folder_.path()) : plain);
        ASSERT_TRUE(target_->await_output("started"));
    }

    Json look() const {
        const Json report = Json::parse(dump(target_->pid(), "json"));
        EXPECT_EQ(report.at("process").at("observed"), GetParam());
        EXPECT_EQ(report.at("findings"), Json::array());
        return report;
    }

    std::string text() const { return dump(target_->pid(), "text"); }
    const std::string& folder() const { return folder_.path(); }

private:
    support::TemporaryFolder folder_;
    std::unique_ptr<support::Running> target_;
};
INSTANTIATE_TEST_SUITE_P(Of, Interpreter, testing::Bool(),
                         [](const auto& one) { return one.param ? "AnObservedProcess" : "AnUnobservedProcess"; });

/// The function of operations.py that the thread is in; empty: none.
std::string operation_of(const Json& thread) {
    for (const Json& frame : thread.at("stack")) {
        if (report::text_of(frame.at("file")).ends_with("/operations.py")) return frame.at("function");
    }
    return {};
}

TEST_P(Interpreter, PythonsThreadsWaitInSemaphores) {
    const Expected semaphore{"semaphore", false, "semaphore"};
    const Expected timed{"semaphore", true, "semaphore"};
    const Table table = {{"lock", semaphore},
                         {"lock_timed", timed},
                         {"rlock", semaphore},
                         {"condition", semaphore},
                         {"condition_timed", timed},
                         {"event", semaphore},
                         {"semaphore", semaphore},
                         {"barrier", semaphore},
                         {"get", semaphore},
                         {"put", semaphore},
                         {"simple_get", semaphore},
                         {"future", semaphore},
                         {"sleep", {"sleep", true, ""}},
                         {"join", semaphore},
                         {"read", {"io read", false, "pipe"}},
                         {"accept", {"io accept4", false, "listening"}},
                         {"child", {"child wait", false, "(cat)"}},
                         {"spin", {"python gil", true, "gil"}}};
    if (!is_installed("/usr/bin/python3")) GTEST_SKIP() << "no Python: apt-get install python3";
    start({"/usr/bin/python3", kFolder + "operations.py"});

    Table told;
    support::eventually([&] {
        told.clear();
        const Json report = look();
        for (const Json& thread : report.at("threads")) {
            const std::string operation = operation_of(thread);
            if (table.contains(operation)) told[operation] = told_of(thread);
        }
        return told == table;
    });
    EXPECT_EQ(told, table);

    const Json report = look();
    const std::string source = report::read_text(kFolder + "operations.py");
    const std::string shown = text();
    for (const Json& thread : report.at("threads")) {
        const std::string operation = operation_of(thread);
        if (!table.contains(operation) || operation == "spin") continue;
        const std::string line = std::to_string(report::line_of(source, "# SITE(" + operation + ")"));
        EXPECT_THAT(shown, testing::ContainsRegex("\n    " + operation + "  +operations.py:" + line + "\n"));
    }
}

/// Names of the program's threads; the runtime's helpers are left out.
std::set<std::string> own_threads(const Json& report) {
    std::set<std::string> names;
    for (const Json& thread : report.at("threads")) {
        if (thread.at("runtime_helper") == false) names.insert(report::text_of(thread.at("name")));
    }
    return names;
}

TEST_P(Interpreter, JavasThreadsWaitOnConditions) {
    const Expected waits{"java wait", false, "monitor"};
    const Expected parks{"java park", false, "parker"};
    const Table table = {{"synchronized", {"java monitor", false, "monitor"}},
                         {"wait", waits},
                         {"wait_timed", {"java wait", true, "monitor"}},
                         {"park", parks},
                         {"park_timed", {"java park", true, "parker"}},
                         {"reentrant", parks},
                         {"read_lock", parks},
                         {"condition", parks},
                         {"latch", parks},
                         {"barrier", parks},
                         {"permit", parks},
                         {"queue", parks},
                         {"poll_timed", {"java park", true, "parker"}},
                         {"future", parks},
                         {"sleep", {"sleep", true, "time"}},
                         {"join", waits},
                         {"accept", {"io accept", false, "listening"}},
                         {"read", {"io read", false, "established"}},
                         {"select", {"io epoll_wait", false, "epoll"}},
                         {"process", waits},
                         {"process reaper ", {"child wait", false, "(cat)"}},
                         {"java", {"sleep", true, "time"}}};
    if (!is_installed("javac")) GTEST_SKIP() << "no Java compiler: apt-get install default-jdk-headless";
    start({"java", kFolder + "Operations.java"});

    Table told;
    std::set<std::string> own;
    std::set<std::string> expected;
    for (const auto& [name, row] : table) expected.insert(name);
    support::eventually([&] {
        const Json report = look();
        own = own_threads(report);
        told.clear();
        for (const Json& thread : report.at("threads")) {
            const std::string name = report::text_of(thread.at("name"));
            if (table.contains(name) && thread.at("runtime_helper") == false) told[name] = told_of(thread);
        }
        return told == table && own == expected;
    });
    EXPECT_EQ(told, table);
    EXPECT_EQ(own, expected) << "the virtual machine's are its own, and no thread of the program is";

    const Json report = look();
    for (const auto& [name, row] : table) {
        if (!row.state.starts_with("java ")) continue;
        const Json& stack = thread_named(report, name).at("stack");
        EXPECT_TRUE(std::any_of(
            stack.begin(), stack.end(),
            [](const Json& frame) { return report::text_of(frame.at("function")).find("[jit]") != std::string::npos; }))
            << name << report::describe(stack);
    }
}

TEST_P(Interpreter, NodesThreadsWaitInItsPoolAndInAtomics) {
    if (!is_installed("node")) GTEST_SKIP() << "no node: apt-get install nodejs";
    ASSERT_EQ(mkfifo((folder() + "/fifo").c_str(), 0600), 0);
    ASSERT_EQ(mkfifo((folder() + "/fifo.both").c_str(), 0600), 0);
    const std::multiset<std::string> expected = {"atomics wait/atomic", "atomics wait/atomic", "io epoll_pwait/epoll",
                                                 "io open/fifo", "io read/fifo"};
    start({"node", kFolder + "operations.js", folder() + "/fifo"});

    std::multiset<std::string> own;
    std::map<std::string, std::string> first;
    size_t idle = 0;
    support::eventually([&] {
        const Json report = look();
        const std::string shown = text();
        own.clear();
        idle = 0;
        for (const Json& thread : report.at("threads")) {
            if (thread.at("runtime_helper") == true) {
                idle += report::describe(thread.at("stack")).find(" worker ") != std::string::npos;
                continue;
            }
            const Expected told = told_of(thread);
            own.insert(told.state + "/" + told.about);
            if (told.about == "fifo") first[told.state] = first_frame(shown, thread.at("id"));
        }
        return own == expected;
    });

    EXPECT_EQ(own, expected) << "what the pool does for the program is the program's";
    EXPECT_GE(idle, 1U) << "what idles in it is not";
    EXPECT_THAT(first["io open"], testing::HasSubstr("uv__fs_"));
    EXPECT_THAT(first["io read"], testing::HasSubstr("uv__fs_"));
}

}  // namespace
}  // namespace operations
