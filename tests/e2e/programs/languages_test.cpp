// SPDX-License-Identifier: Apache-2.0
//
// Threads of other languages under the library alone: the program is none the wiser, and what its runtime
// leaves behind is told with where it waits and who started it.
#include <signal.h>

#include <filesystem>
#include <set>

#include "tests/e2e/programs/preloaded.h"

namespace programs {
namespace {

const std::string kSources = LANGUAGE_SOURCES;

TEST(Python, LeftBehindDaemonThreadsAreBlockedOnTheirQueue) {
    const Twice twice = run_twice({{"/usr/bin/python3", kSources + "/jobs.py", "leaky"}});

    expect_untouched(twice, 5);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    expect_facts_alone(told);
    EXPECT_EQ(told.at("counts").at("blocked"), 3);
    EXPECT_EQ(report::verdicts(told), std::vector<std::string>{"blocked fact"}) << "equal workers are one finding";
    for (const int worker : {2, 3, 4}) {
        const Json& thread = report::thread(told, worker);
        EXPECT_EQ(thread.at("state"), "semaphore");
        EXPECT_EQ(thread.at("timed"), false);
        EXPECT_TRUE(has_function(thread.at("stack"), "PyThread_acquire_lock_timed"));
        EXPECT_TRUE(has_function(thread.at("created_by").at("stack"), "PyThread_start_new_thread"));
    }
}

TEST(Python, ThreadsThatAreLetGoAreNotReported) {
    expect_clean({{"/usr/bin/python3", kSources + "/jobs.py", "clean"}}, 5);
}

class Rust : public testing::Test {
protected:
    void SetUp() override {
        if (std::string(RUST_PROGRAM).empty()) {
            GTEST_SKIP() << "no rustc when the build was configured: apt-get install rustc";
        }
    }
};

TEST_F(Rust, AReceiverWhoseSenderStaysIsBlockedThere) {
    const Twice twice = run_twice({{RUST_PROGRAM, "leaky"}});

    expect_untouched(twice, 5);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    expect_facts_alone(told);
    EXPECT_EQ(told.at("counts").at("created_total"), 6) << "four scoped ones went before";
    ASSERT_EQ(report::findings(told, "blocked").size(), 1U);
    const std::vector<Json> consumers = named(told, "consumer");
    ASSERT_EQ(consumers.size(), 1U);
    EXPECT_EQ(consumers.front().at("state"), "rust channel");
    EXPECT_TRUE(has_function(consumers.front().at("stack"), "consume"));
    EXPECT_TRUE(has_function(consumers.front().at("created_by").at("stack"), "main"));
}

TEST_F(Rust, AReceiverWhoseSenderGoesIsNotReported) {
    expect_clean({{RUST_PROGRAM, "clean"}}, 5);
}

class Libcxx : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        if (std::string(LIBCXX_PROGRAM).empty()) {
            GTEST_SKIP() << "no clang++ with libc++ when the build was configured (Debian 12: libc++-dev displaces "
                            "libunwind-dev)";
        }
    }

    Json misuses(const std::string& variant, int status) {
        const support::Observed observed = support::observe(
            LOITER_COMMAND, "run", {}, {.arguments = {std::string(LIBCXX_PROGRAM) + GetParam(), variant}});
        EXPECT_EQ(observed.outcome.status, status) << observed.outcome.errors;
        return observed.reports.size() == 1 ? observed.reports.front().at("misuse") : Json();
    }
};

INSTANTIATE_TEST_SUITE_P(All, Libcxx, testing::Values("_O0", "_O2"), [](const auto& made) { return made.param + 1; });

TEST_P(Libcxx, AThreadThatIsDestroyedJoinableIsNamed) {
    const Json told = misuses("destroyed", 128 + SIGABRT);

    ASSERT_EQ(told.size(), 1U) << told;
    EXPECT_EQ(told.at(0).at("kind"), "unjoined-destroyed");
    EXPECT_EQ(told.at(0).at("message"), "T1 destroyed the std::thread of T2, neither joined nor detached");
    EXPECT_TRUE(has_function(told.at(0).at("stack"), "forget"));
}

TEST_P(Libcxx, AThreadThatIsReplacedIsOneOfThoseThatCanBeJoined) {
    const Json told = misuses("replaced", 128 + SIGABRT);

    ASSERT_EQ(told.size(), 1U) << told;
    EXPECT_EQ(told.at(0).at("message"),
              "T1 destroyed a std::thread, neither joined nor detached: that of one of T2 and T3");
    EXPECT_TRUE(has_function(told.at(0).at("stack"), "replace"));
}

TEST_P(Libcxx, AThreadThatIsJoinedIsNoMisuse) {
    EXPECT_EQ(misuses("joined", 0), Json::array());
}

/// The virtual machine leaves its own threads to exit; of them T2 is main in Java, and "VM Thread" ends it all.
TEST(Java, TheVirtualMachinesThreadsAreNamedAndNeverAccused) {
    if (!is_installed("javac")) GTEST_SKIP() << "no Java compiler: apt-get install default-jdk-headless";

    const Twice twice = run_twice({{"java", kSources + "/Hello.java"}});

    expect_untouched(twice, 5);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    expect_facts_alone(told);
    EXPECT_EQ(told.at("findings"), Json::array()) << "the program has left nothing";
    EXPECT_EQ(report::thread(told, 1).at("state"), "join");
    for (const char* const name : {"VM Thread", "Finalizer", "Service Thread"}) {
        ASSERT_EQ(named(told, name).size(), 1U) << name;
        EXPECT_EQ(named(told, name).front().at("runtime_helper"), true) << name;
    }
    for (const Json& thread : told.at("threads")) {
        EXPECT_FALSE(report::text_of(thread.at("name")).starts_with("pool-")) << "has ended: " << thread.dump(1);
        if (thread.at("id") == 1) continue;
        EXPECT_FALSE(thread.at("created_by").at("stack").empty()) << thread.dump(1);
    }
}

/// One of the name of a helper of the virtual machine's is told from that one.
TEST(Java, DaemonThreadsOfTheProgramAreReported) {
    if (!is_installed("javac")) GTEST_SKIP() << "no Java compiler: apt-get install default-jdk-headless";

    const Twice twice = run_twice({{"java", kSources + "/Daemons.java"}});

    expect_untouched(twice, 0);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    expect_facts_alone(told);
    std::vector<int> daemons = {named(told, "worker").at(0).at("id"), named(told, "Finalizer").at(1).at("id")};
    ASSERT_EQ(report::verdicts(told), std::vector<std::string>{"blocked fact"}) << told.dump(1);
    EXPECT_EQ(report::findings(told, "blocked").front().at("threads"), Json(daemons));
    EXPECT_EQ(told.at("misuse"), Json::array()) << "\"VM Thread\" ends with the lock of its list of threads";
    for (const int daemon : daemons) {
        EXPECT_EQ(report::thread(told, daemon).at("state"), "java wait");
        EXPECT_TRUE(has_function(report::thread(told, daemon).at("stack"), "jit"));
        EXPECT_EQ(report::thread(told, daemon).at("runtime_helper"), false);
    }
}

TEST(Node, ItsOwnThreadsAreNeverAccused) {
    if (!is_installed("node")) GTEST_SKIP() << "no node: apt-get install nodejs";

    const Twice twice = run_twice({{"node", kSources + "/hello.js"}});

    expect_untouched(twice, 5);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    EXPECT_GE(told.at("counts").at("created_total"), 5);
    EXPECT_EQ(told.at("findings"), Json::array());
    EXPECT_EQ(told.at("counts").at("blocked"), 1) << "the inspector waits, and is listed";
}

/// Its compiler keeps frame pointers; a stack that is whole by them ends where the thread began.
TEST(Node, StacksLeadThroughCompiledCode) {
    if (!is_installed("node")) GTEST_SKIP() << "no node: apt-get install nodejs";
    const support::TemporaryFolder folder;
    for (const bool has_names : {false, true}) {
        Command command{{"node", "--always-sparkplug", kSources + "/compiled.js"}};
        command.directory = folder.path();  // V8 leaves a log where it is started
        if (has_names) command.arguments.insert(command.arguments.begin() + 1, "--perf-basic-prof");
        support::Running program(preloaded(command, folder.path()));
        ASSERT_TRUE(program.await_output("ready"));

        Json main;
        EXPECT_TRUE(support::eventually([&] {
            const Outcome now = support::run(
                {.arguments = {LOITER_COMMAND, "dump", "--format", "json", std::to_string(program.pid())}});
            main = report::thread(Json::parse(now.output), 1);
            return main.at("state") == "atomics wait" && main.at("stack_incomplete") == false;
        })) << main.dump(1);
        EXPECT_EQ(main.at("stack").back().at("function"), "_start");
        EXPECT_TRUE(has_function(main.at("stack"), "WaitSync<int>"));
        EXPECT_TRUE(has_function(main.at("stack"), "jit"));
        if (!has_names) continue;
        EXPECT_TRUE(has_function(main.at("stack"), "waitForEver"));
        EXPECT_TRUE(has_function(main.at("stack"), "callIt"));
        std::filesystem::remove("/tmp/perf-" + std::to_string(program.pid()) + ".map");
    }
}

/// Killed while a worker and main, which waits for it, are stuck in JavaScript.
TEST(Node, AWorkerOfTheProgramIsReported) {
    if (!is_installed("node")) GTEST_SKIP() << "no node: apt-get install nodejs";
    const support::TemporaryFolder folder;
    {
        support::Running program(preloaded({{"node", kSources + "/stuck.js"}}, folder.path()));
        ASSERT_TRUE(program.await_output("ready"));
        ASSERT_TRUE(support::eventually([&] {
            const Outcome now = support::run(
                {.arguments = {LOITER_COMMAND, "dump", "--format", "json", std::to_string(program.pid())}});
            const Json stack = report::thread(Json::parse(now.output), 1).at("stack");
            return static_cast<bool>(has_function(stack, "WaitSync<int>"));
        }));
        program.signal(SIGKILL);
        program.finish();
    }

    const Outcome outcome = support::run({.arguments = {LOITER_COMMAND, "report", "--format", "json", folder.path()}});

    const Json told = Json::parse(outcome.output);
    std::set<std::string> accused;
    for (const Json& finding : told.at("findings")) {
        for (const Json& id : finding.at("threads")) {
            const Json entry = report::thread(told, id).at("entry");
            accused.insert(entry.is_null() ? "main" : report::text_of(entry.at("function")).substr(0, 33));
        }
    }
    EXPECT_EQ(accused, (std::set<std::string>{"main", "node::worker::Worker::StartThread"}));
}

}  // namespace
}  // namespace programs
