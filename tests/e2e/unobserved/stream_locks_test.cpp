// SPDX-License-Identifier: Apache-2.0
//
// Waits for another thread's use of a stream have the stream and its owner, with the library and without.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/e2e/unobserved/unobserved.h"

namespace {

using report::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using unobserved::thread_named;

/// Whether the library is there.
class Streams : public testing::TestWithParam<bool> {
protected:
    Json seen(const std::string& way) {
        support::Command command{.arguments = {STREAM_LOCKS, way}};
        if (GetParam()) {
            command.environment = {
                {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder_.path()}, {"LOITER_OPTIONS", "report=none"}};
        }
        target_ = std::make_unique<support::Running>(command);
        EXPECT_TRUE(target_->await_output("sitting"));
        Json report = unobserved::dump(target_->pid());
        EXPECT_EQ(report.at("process").at("observed"), GetParam());
        return report;
    }

    Json seen_again() const { return unobserved::dump(target_->pid()); }

    static int id_of(const Json& report, const std::string& name) {
        return thread_named(report, name).at("id").get<int>();
    }

    /// `owner`: a thread's number.
    static void expect_wait(const Json& thread, const std::string& name, int owner, const char* kind = "stream") {
        SCOPED_TRACE(thread.dump(1));
        EXPECT_EQ(thread.at("state"), "mutex lock");
        EXPECT_EQ(thread.at("timed"), false);
        const Json& wanted = thread.at("waits_for");
        EXPECT_EQ(wanted.at("kind"), kind);
        if (std::string(kind) == "stream") {
            EXPECT_EQ(report::text_of(wanted.at("name")), name);
        }
        ASSERT_EQ(wanted.at("owners").size(), 1U);
        EXPECT_EQ(wanted.at("owners").at(0).at("thread"), owner);
    }

    static void expect_deadlock(const Json& report, const std::set<int>& threads) {
        EXPECT_THAT(report::verdicts(report), ElementsAre("deadlock proved"));
        EXPECT_EQ(report::threads_of(report.at("findings").at(0)), threads);
        EXPECT_THAT(report.at("findings").at(0).at("message").get<std::string>(), HasSubstr(" for stream 0x"));
    }

    /// Of a program that is never stuck.
    void expect_no_finding(const std::string& way, const std::string& kind) {
        size_t waits = 0;
        Json report = seen(way);
        for (int look = 0; look < 12; ++look) {
            EXPECT_EQ(report.at("findings"), Json::array());
            for (const Json& thread : report.at("threads")) {
                if (thread.at("waits_for").is_object()) waits += thread.at("waits_for").at("kind") == kind ? 1 : 0;
            }
            report = seen_again();
        }
        EXPECT_GT(waits, 0U) << "nothing was looked at that could have misled";
    }

private:
    support::TemporaryFolder folder_;
    std::unique_ptr<support::Running> target_;
};

INSTANTIATE_TEST_SUITE_P(With, Streams, testing::Bool(), [](const testing::TestParamInfo<bool>& library) {
    return library.param ? "TheLibrary" : "NothingLoaded";
});

TEST_P(Streams, AreNamedWithTheirOwnersAndDescriptors) {
    const Json report = seen("waiting");

    EXPECT_EQ(report.at("findings"), Json::array());
    const int reader = id_of(report, "reads");
    EXPECT_THAT(thread_named(report, "reads").at("state").get<std::string>(), testing::StartsWith("io "));
    for (const char* const name : {"line", "byte", "field", "locks"}) {
        expect_wait(thread_named(report, name), "stdin", reader);
        EXPECT_THAT(thread_named(report, name).at("waits_for").at("detail").get<std::string>(), HasSubstr("fd 0 pipe"));
    }
    expect_wait(thread_named(report, "complains"), "stderr", 1);
    const Json& writer = thread_named(report, "writes");
    expect_wait(writer, "", 1);
    EXPECT_THAT(writer.at("waits_for").at("detail").get<std::string>(), HasSubstr(" /dev/null"));
    EXPECT_TRUE(report::starts_at(writer.at("stack"), report::site_of(STREAM_LOCKS_SOURCE, "writes")));
    for (const char* const name : {"byte", "field"}) {
        const Json& stack = thread_named(report, name).at("stack");
        EXPECT_TRUE(report::starts_at(stack, report::site_of(STREAM_LOCKS_SOURCE, name))) << report::describe(stack);
        EXPECT_FALSE(thread_named(report, name).at("stack_incomplete").get<bool>());
    }
    const Json& held = thread_named(report, "reads").at("holds");
    ASSERT_EQ(held.size(), 1U);
    EXPECT_EQ(held.at(0).at("kind"), "stream");
    EXPECT_EQ(held.at(0).at("name"), "stdin");
}

TEST_P(Streams, OfEachOtherAreAProvedDeadlock) {
    const Json report = seen("crossed");

    const int first = id_of(report, "first");
    const int second = id_of(report, "second");
    expect_wait(thread_named(report, "first"), "", second);
    expect_wait(thread_named(report, "second"), "", first);
    expect_deadlock(report, {first, second});
}

TEST_P(Streams, AndAMutexAreAProvedDeadlock) {
    const Json report = seen("mixed");

    const int file = id_of(report, "file");
    const int mutex = id_of(report, "mutex");
    expect_wait(thread_named(report, "mutex"), "", file);
    EXPECT_EQ(thread_named(report, "file").at("waits_for").at("name"), "g_mutex");
    expect_deadlock(report, {file, mutex});
}

/// Two that follow each other through two locks are near a cycle all the time.
TEST_P(Streams, ThatAreHadInTurnAreNoDeadlock) {
    expect_no_finding("near", "stream");
}

/// The list of all streams has a lock of its own.
TEST_P(Streams, AndTheirListAreAProvedDeadlock) {
    const Json report = seen("flushing");

    const int opens = id_of(report, "opens");
    const int flushes = id_of(report, "flushes");
    expect_wait(thread_named(report, "flushes"), "", opens);
    expect_wait(thread_named(report, "opens"), "", flushes, "stream list");
    EXPECT_TRUE(
        report::starts_at(thread_named(report, "opens").at("stack"), report::site_of(STREAM_LOCKS_SOURCE, "opens")));
    EXPECT_TRUE(report::starts_at(thread_named(report, "flushes").at("stack"),
                                  report::site_of(STREAM_LOCKS_SOURCE, "flushes")));
    expect_deadlock(report, {opens, flushes});
}

TEST_P(Streams, WhoseListIsHadInTurnAreNoDeadlock) {
    expect_no_finding("opening", "stream list");
}

TEST_P(Streams, OfAThreadThatHasEndedAreOrphanedLocks) {
    for (const char* const way : {"left", "kept"}) {
        SCOPED_TRACE(way);
        const Json report = seen(way);

        // A thread whose record is still there is known to have ended: of any other, its lock alone tells.
        const bool is_recorded = GetParam() && std::string(way) == "kept";
        EXPECT_THAT(report::verdicts(report),
                    ElementsAre(is_recorded ? "orphaned-lock proved" : "orphaned-lock likely"));
        const int owner = thread_named(report, "waits").at("waits_for").at("owners").at(0).at("thread").get<int>();
        EXPECT_EQ(report::thread(report, owner).at("state"), "exited");
        EXPECT_EQ(report::thread(report, owner).at("holds").at(0).at("kind"), "stream");
        if (is_recorded) {
            EXPECT_EQ(owner, 2);
        }
    }
}

}  // namespace
