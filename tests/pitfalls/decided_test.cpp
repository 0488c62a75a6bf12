// SPDX-License-Identifier: Apache-2.0
//
// What the design decided, each as a program that shows it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <set>
#include <sstream>

#include "protocol/layout.h"
#include "tests/pitfalls/unharmed.h"
#include "tests/support/report.h"

namespace pitfalls {
namespace {

namespace fs = std::filesystem;
using report::Json;
using support::Running;
using testing::IsEmpty;

/// `decided` with the library preloaded, recording from its beginning.
class Situation : public testing::Test {
protected:
    std::unique_ptr<Running> started(Words words, const std::string& ready = "ready") {
        words.insert(words.begin(), DECIDED);
        support::Command command{std::move(words)};
        command.environment = {
            {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder_.path()}, {"LOITER_OPTIONS", "report=none"}};
        auto program = std::make_unique<Running>(command);
        EXPECT_TRUE(program->await_output(ready));
        return program;
    }

    static Json dumped(const Running& program) {
        const support::Outcome outcome =
            support::run({{LOITER_COMMAND, "dump", "--format", "json", std::to_string(program.pid())}});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        return Json::parse(outcome.output);
    }

    /// The bytes of this process' recording.
    std::string recorded(pid_t pid) const {
        const std::string start = protocol::kFilePrefix + std::to_string(pid) + "-";
        for (const fs::directory_entry& entry : fs::directory_iterator(folder_.path()))
            if (entry.path().filename().string().starts_with(start)) return report::read_text(entry.path());
        return "";
    }

    support::TemporaryFolder folder_;
};

TEST(SharedLibrary, ThatJoinsItsThreadWhenItIsUnloadedIsClean) {
    const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {}, {{UNLOADS}});

    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    ASSERT_EQ(observed.reports.size(), 1U);
    EXPECT_EQ(observed.reports[0].at("counts").at("created_total"), 2);
    EXPECT_THAT(observed.reports[0].at("findings"), IsEmpty());
}

/// Tens of megabytes are reserved, and must not come into memory.
TEST(LockedMemory, HasNoMoreOfTheRecordingThanIsUsed) {
    const support::Outcome bare = support::run({{DECIDED, "lock_memory"}});
    if (bare.status != 0) GTEST_SKIP() << "memory cannot be locked here";
    const support::TemporaryFolder folder;
    const support::Outcome plain = support::run(preloaded({DECIDED, "lock_memory"}, folder.path()));
    const support::Outcome run = support::run(under_run({DECIDED, "lock_memory"}, folder.path()));

    constexpr long kMuch = 8 * 1024;  // the library itself is locked too
    EXPECT_LT(std::stol(plain.output), std::stol(bare.output) + kMuch) << plain.errors;
    EXPECT_LT(std::stol(run.output), std::stol(bare.output) + kMuch) << run.errors;
}

/// The kernel counts what is mapped: a program that may lock so much and no more keeps what it had.
TEST(LockedMemory, UnderALimitIsLeftToTheProgram) {
    const std::string limited =
        "ulimit -S -l 8192; ulimit -S -s 190; exec setpriv --reuid=65534 --clear-groups "
        "--inh-caps=-all --bounding-set=-all \"$0\" \"$@\"";
    const Words words{"/bin/sh", "-c", limited, DECIDED, "lock_memory"};
    if (geteuid() != 0 || support::run({words}).status != 0) GTEST_SKIP() << "it cannot be made so here";
    support::Command command{words};
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_OPTIONS", "report=none"}};

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, 0) << outcome.errors;
}

TEST_F(Situation, ChildThatScribblesWritesNothingIntoItsParentsRecording) {
    const auto parent = started({"scribble"});
    ASSERT_TRUE(parent->await_call(34 /* pause */));
    const std::string before = recorded(parent->pid());
    ASSERT_FALSE(before.empty());
    kill(std::stoi(parent->output().substr(sizeof("ready"))), SIGUSR2);
    ASSERT_TRUE(parent->await_output("scribbled"));

    EXPECT_TRUE(recorded(parent->pid()) == before);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 2) << "the child has one of its own";
}

TEST_F(Situation, JoinOfAHandleThatWasUsedBeforeIsOfTheThreadThatHasItNow) {
    const auto program = started({"join_again"});
    ASSERT_EQ(program->output(), "ready same\n");
    ASSERT_TRUE(program->await_call(202 /* futex */));

    const Json seen = dumped(*program);

    EXPECT_EQ(report::thread(seen, 1).at("state"), "join");
    EXPECT_EQ(report::thread(seen, 1).at("waits_for").at("owners").at(0).at("thread"), 102);
}

TEST_F(Situation, WaiterThatIsCancelledHasItsMutexAgain) {
    const auto program = started({"cancel_wait"});

    const Json seen = dumped(*program);

    EXPECT_EQ(report::thread(seen, 2).at("state"), "semaphore");
    ASSERT_EQ(report::thread(seen, 2).at("holds").size(), 1U);
    EXPECT_EQ(report::thread(seen, 2).at("holds").at(0).at("kind"), "mutex");
    EXPECT_EQ(report::thread(seen, 3).at("state"), "mutex lock");
    EXPECT_EQ(report::thread(seen, 3).at("waits_for").at("owners").at(0).at("thread"), 2);
}

TEST_F(Situation, RecursiveMutexLockedOnceIsGivenUpInAConditionWait) {
    const auto program = started({"recursive"});

    const Json seen = dumped(*program);

    EXPECT_EQ(report::thread(seen, 2).at("state"), "cond wait");
    EXPECT_THAT(report::thread(seen, 2).at("holds"), IsEmpty());
    ASSERT_EQ(report::thread(seen, 1).at("holds").size(), 1U);
    EXPECT_THAT(report::verdicts(seen), IsEmpty());
}

TEST_F(Situation, RecursiveMutexLockedTwiceIsStillHeldInAConditionWait) {
    const auto program = started({"recursive_twice"});

    const Json seen = dumped(*program);

    EXPECT_EQ(report::thread(seen, 2).at("state"), "cond wait");
    EXPECT_EQ(report::thread(seen, 3).at("state"), "mutex lock");
    ASSERT_EQ(report::thread(seen, 3).at("waits_for").at("owners").size(), 1U);
    EXPECT_EQ(report::thread(seen, 3).at("waits_for").at("owners").at(0).at("thread"), 2);
}

/// As containers that share a folder are.
TEST_F(Situation, TwoFirstProcessesOfTheirNamespacesAreTwoRecordings) {
    const Words contained{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
    Words nothing = contained;
    nothing.emplace_back("true");
    if (support::run({nothing}).status != 0) GTEST_SKIP() << "no right to make a pid namespace";
    {
        std::vector<std::unique_ptr<Running>> programs;
        for (const char* const name : {"one", "two"}) {
            support::Command command{contained};
            command.arguments.insert(command.arguments.end(),
                                     {"env", "LD_PRELOAD=" LOITER_LIBRARY, "LOITER_DIR=" + folder_.path(),
                                      "LOITER_OPTIONS=report=none", DECIDED, "stay", name});
            programs.push_back(std::make_unique<Running>(command));
            ASSERT_TRUE(programs.back()->await_output("ready"));
        }
    }
    const support::Outcome outcome =
        support::run({{LOITER_COMMAND, "report", "--all", "--format", "json", folder_.path()}});

    std::multiset<std::string> names;
    std::istringstream lines(outcome.output);
    for (std::string line; std::getline(lines, line);) {
        const Json seen = Json::parse(line);
        if (seen.at("process").at("command").at(0) != DECIDED) continue;
        names.insert(report::text_of(report::thread(seen, 2).at("name")));
    }
    EXPECT_EQ(names, (std::multiset<std::string>{"one", "two"})) << outcome.errors;
}

/// Under plain preload, and with no command in between.
TEST(ServiceThatIsKilledAndRestarted, AThousandTimesLeavesAsManyRecordingsAsAreKept) {
    const support::TemporaryFolder folder;
    const std::string restarts = "for i in $(seq 1000); do LD_PRELOAD=" LOITER_LIBRARY " sh -c 'kill -9 $$'; done";
    support::Command service{{"sh", "-c", restarts + " 2> /dev/null"}};
    service.environment = {{"LOITER_DIR", folder.path()}};
    service.hard_limit = std::chrono::seconds(240);  // a few seconds where nothing else runs
    support::run(service);
    ASSERT_GE(std::distance(fs::directory_iterator(folder.path()), {}), 1000);

    support::Command any{{LOITER_COMMAND, "ps"}};
    any.environment = service.environment;
    EXPECT_EQ(support::run(any).status, 0);

    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), {}), 64);
}

}  // namespace
}  // namespace pitfalls
