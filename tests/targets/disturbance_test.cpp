// SPDX-License-Identifier: Apache-2.0
//
// A thread that sits in a call does not notice that its process is dumped: the call neither returns
// early, nor with EINTR or a short count. All calls of blocking_calls.h at once.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>
#include <set>
#include <sstream>

#include "read/kernel/proc.h"
#include "read/kernel/stopped_thread.h"
#include "read/read.h"
#include "tests/support/target_runner.h"

namespace {

using Lines = std::set<std::string>;

Lines lines_of(const std::string& text) {
    std::istringstream stream(text);
    Lines lines;
    for (std::string line; std::getline(stream, line);) lines.insert(line);
    return lines;
}

/// What the calls say when `disturb` is done to their process while they are all sat in.
Lines outcomes(const std::function<void(uint32_t pid)>& disturb) {
    const support::TemporaryFolder folder;
    const std::string fifo = folder.path() + "/fifo";
    if (mkfifo(fifo.c_str(), 0600) != 0) throw std::runtime_error("mkfifo");
    support::Running target(
        {.arguments = {SITTING_CALLS, fifo},
         .environment = {
             {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}}});
    EXPECT_TRUE(target.await_output("sitting\n"));
    disturb(static_cast<uint32_t>(target.pid()));
    const int descriptor = open(fifo.c_str(), O_WRONLY | O_CLOEXEC);
    const support::Outcome outcome = target.finish();
    close(descriptor);
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    return lines_of(outcome.output);
}

const Lines& undisturbed() {
    static const Lines lines = outcomes([](uint32_t) {});
    return lines;
}

Lines but(Lines lines, const Lines& names) {
    std::erase_if(lines, [&](const std::string& line) { return names.count(line.substr(0, line.find(' '))) > 0; });
    return lines;
}

size_t dump(uint32_t pid, bool stop_running) {
    const reader::Recording recording = reader::Recording::of_process(pid);
    return recording.take_snapshot(snapshot::Reason::kDump, {.stop_running = stop_running}).threads.size();
}

TEST(BlockingCall, EndsAsItShouldUndisturbed) {
    EXPECT_GT(undisturbed().size(), 70U);
    for (const std::string& line : undisturbed()) {
        EXPECT_THAT(line, testing::Not(testing::AnyOf(testing::HasSubstr("too soon"), testing::HasSubstr("early"),
                                                      testing::HasSubstr("unsteady"))));
    }
}

TEST(BlockingCall, DoesNotNoticeThatItsProcessIsDumped) {
    const Lines dumped = outcomes([](uint32_t pid) {
        for (int dumps = 0; dumps < 200; ++dumps) EXPECT_GT(dump(pid, false), 70U);
    });
    EXPECT_EQ(dumped, undisturbed());
}

TEST(BlockingCall, DoesNotNoticeTheCommand) {
    const Lines dumped = outcomes([](uint32_t pid) {
        for (const char* const option : {"--all", "--stop-running"}) {
            EXPECT_EQ(support::run({.arguments = {LOITER_COMMAND, "dump", option, std::to_string(pid)}}).status, 0);
        }
    });
    EXPECT_EQ(dumped, undisturbed());
}

TEST(BlockingCall, DoesNotNoticeThatRunningThreadsAreStopped) {
    const Lines dumped = outcomes([](uint32_t pid) {
        for (int dumps = 0; dumps < 20; ++dumps) EXPECT_GT(dump(pid, true), 70U);
    });
    EXPECT_EQ(dumped, undisturbed());
}

/// What may happen to a thread that enters a call right when it is stopped, done to all that sit in one.
/// The kernel ends a transfer that has begun, and the rest has to be written by who called.
TEST(BlockingCall, GoesOnWhenItsThreadIsStoppedUnlessItHasTransferredSome) {
    const Lines stopped = outcomes([](uint32_t pid) {
        for (int stops = 0; stops < 5; ++stops) {
            for (const uint32_t tid : reader::task_ids(pid)) {
                reader::stop_thread(pid, tid, [](const unwind::Registers&, const std::function<void()>&) {});
            }
        }
    });
    const Lines partial{"send_more", "write_pipe_more"};
    EXPECT_EQ(but(stopped, partial), but(undisturbed(), partial));
}

}  // namespace
