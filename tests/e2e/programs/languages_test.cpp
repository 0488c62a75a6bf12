// SPDX-License-Identifier: Apache-2.0
//
// Threads of other languages under the library alone: the program is none the wiser, and what its runtime
// leaves behind is told with where it waits and who started it.
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
    EXPECT_EQ(consumers.front().at("state"), "futex");
    EXPECT_TRUE(has_function(consumers.front().at("stack"), "consume"));
    EXPECT_TRUE(has_function(consumers.front().at("created_by").at("stack"), "main"));
}

TEST_F(Rust, AReceiverWhoseSenderGoesIsNotReported) {
    expect_clean({{RUST_PROGRAM, "clean"}}, 5);
}

/// The virtual machine leaves its own threads to exit; of them T2 is main in Java, and "VM Thread" ends it all.
TEST(Java, TheVirtualMachinesThreadsAreNamedAndNeverAccused) {
    if (!is_installed("javac")) GTEST_SKIP() << "no Java compiler: apt-get install default-jdk-headless";

    const Twice twice = run_twice({{"java", kSources + "/Hello.java"}});

    expect_untouched(twice, 5);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    expect_facts_alone(told);
    EXPECT_EQ(report::thread(told, 1).at("state"), "join");
    for (const char* const name : {"VM Thread", "Finalizer", "Service Thread"}) {
        EXPECT_EQ(named(told, name).size(), 1U) << name;
    }
    for (const Json& thread : told.at("threads")) {
        EXPECT_FALSE(report::text_of(thread.at("name")).starts_with("pool-")) << "has ended: " << thread.dump(1);
        if (thread.at("id") == 1) continue;
        EXPECT_FALSE(thread.at("created_by").at("stack").empty()) << thread.dump(1);
    }
}

TEST(Node, ItsWaitingInspectorIsReportedAndItsWorkersAreNot) {
    if (!is_installed("node")) GTEST_SKIP() << "no node: apt-get install nodejs";

    const Twice twice = run_twice({{"node", kSources + "/hello.js"}});

    expect_untouched(twice, 5);
    ASSERT_EQ(twice.reports.size(), 1U);
    const Json& told = twice.reports.front();
    expect_facts_alone(told);
    EXPECT_GE(told.at("counts").at("created_total"), 5);
    EXPECT_EQ(report::verdicts(told), std::vector<std::string>{"blocked fact"});
    EXPECT_EQ(report::findings(told, "blocked").at(0).at("threads").size(), 1U);
}

}  // namespace
}  // namespace programs
