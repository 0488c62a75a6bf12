// SPDX-License-Identifier: Apache-2.0
//
// A thread that waits for another process, for a lock on a file or for a signal is reported with whom and
// what it waits for.
#include "tests/e2e/calls/sitting.h"

namespace sitting {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

class SittingOnOthers : public testing::Test {
protected:
    static void SetUpTestSuite() {
        program_ = new Program(SITTING_ON_OTHERS);
        if (program_->is_up()) report_ = program_->report();
    }
    static void TearDownTestSuite() {
        delete program_;
        program_ = nullptr;
    }
    void SetUp() override { ASSERT_TRUE(program_->is_up()); }

    static Json owner(const std::string& pid, const std::string& mode, const Json& descriptor) {
        return {{"pid", std::stoi(pid)},
                {"command", program_->command_line()},
                {"mode", mode},
                {"in_doubt", false},
                {"descriptor", descriptor}};
    }

    /// `row` waits for a lock on FOLDER/file.
    static void expect_lock(const std::string& row, const std::string& file, const std::string& detail) {
        SCOPED_TRACE(row);
        const Json& thread = thread_of(report_, row);
        EXPECT_EQ(thread.at("state"), "file lock");
        EXPECT_EQ(thread.at("timed"), false);
        const Json& wait = thread.at("waits_for");
        EXPECT_EQ(wait.at("kind"), "file");
        EXPECT_EQ(wait.at("name"), program_->folder() + "/" + file);
        EXPECT_EQ(detail_of(thread), "fd " + program_->fact(file.substr(0, 3) == "own" ? "own" : row) + " " +
                                         program_->folder() + "/" + file + ", " + detail);
    }

    /// What the kernel tells of them.
    static Json owners_of(const std::string& row) {
        Json owners = Json::array();
        for (const Json& owner : thread_of(report_, row).at("waits_for").at("owners")) {
            Json& told = owners.emplace_back();
            for (const char* const field : {"pid", "command", "mode", "in_doubt", "descriptor"})
                told[field] = owner.at(field);
        }
        return owners;
    }

    static Program* program_;
    static Json report_;
};

Program* SittingOnOthers::program_ = nullptr;
Json SittingOnOthers::report_;

TEST_F(SittingOnOthers, AFlockIsHeldByTheProcessThatHasIt) {
    expect_lock("flock", "flock", "exclusive flock");
    const Json owners = owners_of("flock");
    ASSERT_EQ(owners.size(), 1U) << owners;
    EXPECT_EQ(owners[0], owner(program_->fact("flock holder"), "exclusive", owners[0].at("descriptor")));
    EXPECT_TRUE(owners[0].at("descriptor").is_number());
}

TEST_F(SittingOnOthers, ARecordLockIsHeldByWhoHasThoseBytes) {
    expect_lock("record", "record", "shared lock of the process, bytes 10 to 29");
    EXPECT_EQ(owners_of("record"), Json({owner(program_->fact("record holder"), "exclusive", nullptr)}));
}

TEST_F(SittingOnOthers, LockfCountsFromWhereTheFileStands) {
    EXPECT_EQ(detail_of(thread_of(report_, "lockf")), "fd " + program_->fact("record") + " " + program_->folder() +
                                                          "/record, exclusive lock of the process, bytes 250 to 259");
    EXPECT_EQ(owners_of("lockf"), Json({owner(program_->fact("record holder"), "exclusive", nullptr)}));
}

TEST_F(SittingOnOthers, ALockOfAnOpenFileIsHeldByAllThatHaveItOpen) {
    expect_lock("own", "own (deleted)", "exclusive flock");
    const int descriptor = std::stoi(program_->fact("own holder"));
    EXPECT_THAT(owners_of("own"), UnorderedElementsAre(owner(std::to_string(program_->pid()), "shared", descriptor),
                                                       owner(program_->fact("child"), "shared", descriptor)));
    EXPECT_THAT(owners_of("open file"), Contains(owner(std::to_string(program_->pid()), "exclusive",
                                                       std::stoi(program_->fact("open file holder")))));
}

TEST_F(SittingOnOthers, ALockOnMemoryIsOneToo) {
    EXPECT_EQ(detail_of(thread_of(report_, "memfd")),
              "fd " + program_->fact("memfd") + " memfd memory, exclusive flock");
    EXPECT_THAT(owners_of("memfd"), Contains(owner(std::to_string(program_->pid()), "exclusive",
                                                   std::stoi(program_->fact("memfd holder")))));
}

TEST_F(SittingOnOthers, AChildIsReportedWithItsCommandAndState) {
    for (const char* const row : {"child", "waitid"}) {
        EXPECT_EQ(thread_of(report_, row).at("state"), "child wait");
        EXPECT_EQ(detail_of(thread_of(report_, row)), "child " + program_->child_words("child") + ", sleeping");
    }
    const std::string any = detail_of(thread_of(report_, "any child"));
    EXPECT_THAT(any, testing::StartsWith("any child: "));
    for (const char* const each : {"flock holder", "record holder", "child"}) {
        EXPECT_THAT(any, HasSubstr(program_->fact(each) + " ("));
    }
    EXPECT_EQ(thread_of(report_, "pidfd").at("state"), "child wait");
    EXPECT_THAT(detail_of(thread_of(report_, "pidfd")), HasSubstr("pidfd of process " + program_->fact("child")));
}

TEST_F(SittingOnOthers, SignalsAreReportedByName) {
    EXPECT_EQ(detail_of(thread_of(report_, "sigwait")), "SIGUSR2, SIGRTMIN+3");
    EXPECT_EQ(detail_of(thread_of(report_, "sigtimedwait")), "SIGUSR2, SIGRTMIN+3");
    EXPECT_EQ(detail_of(thread_of(report_, "sigsuspend")), "SIGWINCH");
    EXPECT_EQ(detail_of(thread_of(report_, "pause")), "any signal but SIGHUP");
    for (const char* const row : {"sigwait", "sigtimedwait", "sigsuspend", "pause"}) {
        EXPECT_EQ(thread_of(report_, row).at("state"), "signal wait") << row;
        EXPECT_EQ(thread_of(report_, row).at("timed"), row == std::string("sigtimedwait")) << row;
    }
    EXPECT_GT(thread_of(report_, "sigtimedwait").at("left_seconds"), 80'000);
}

TEST_F(SittingOnOthers, TheTextSaysItToo) {
    const std::string text = program_->dump("text");

    EXPECT_THAT(text, HasSubstr("/flock, exclusive flock, held by process " + program_->fact("flock holder") + " ("));
    EXPECT_THAT(text, HasSubstr("T1 (fd " + program_->fact("own holder") + ") (shared)"));
    EXPECT_THAT(text, HasSubstr("  for child " + program_->fact("child") + " ("));
    EXPECT_THAT(text, HasSubstr("  for SIGUSR2, SIGRTMIN+3\n"));
}

TEST(SittingAlone, HasTheCommandLineOfTheMomentOfTheReport) {
    Program program(SITTING_ON_OTHERS, {"alone"});
    ASSERT_TRUE(program.is_up());

    const Json alive = program.report().at("process").at("command");
    const Json dead = program.report_after_death().at("process").at("command");

    EXPECT_EQ(alive, Json({SITTING_ON_OTHERS, program.folder(), "Alone"}));
    EXPECT_EQ(dead, Json({SITTING_ON_OTHERS, program.folder(), "alone"}));
}

TEST(SittingAlone, WhoHoldsTheFlockThatItWantsIsNamed) {
    const Program program(SITTING_ON_OTHERS, {"alone"});
    ASSERT_TRUE(program.is_up());

    Json thread;
    EXPECT_TRUE(support::eventually([&] {
        thread = program.report().at("threads").at(0);
        return thread.at("state") == "file lock";
    })) << thread;

    const Json& owners = thread.at("waits_for").at("owners");
    ASSERT_EQ(owners.size(), 1U) << owners;
    EXPECT_EQ(owners[0].at("thread"), thread.at("id"));
    EXPECT_EQ(owners[0].at("pid"), program.pid());
    EXPECT_THAT(program.dump("text"), HasSubstr("held by T1 itself (fd "));
}

}  // namespace
}  // namespace sitting
