// SPDX-License-Identifier: Apache-2.0
//
// What is unwound from outside is what the thread itself captured right before its call.
#include "unwind/unwinder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "read/kernel/mappings.h"
#include "read/kernel/tasks.h"
#include "read/outside/outside_stacks.h"
#include "tests/support/eventually.h"
#include "tests/support/target_runner.h"

namespace {

using snapshot::Stack;

struct Told {
    uint32_t tid = 0;
    long call = 0;
    std::vector<uint64_t> addresses;  ///< innermost first; the first is before the call itself
};

std::map<std::string, Told> parse(const std::string& output) {
    std::map<std::string, Told> threads;
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name;
        Told told;
        words >> name >> told.tid >> told.call >> std::hex;
        for (uint64_t address = 0; words >> address;) told.addresses.push_back(address);
        if (!told.addresses.empty()) threads[name] = told;
    }
    return threads;
}

std::vector<uint64_t> addresses_of(const Stack& stack) {
    std::vector<uint64_t> addresses;
    for (const snapshot::Frame& frame : stack.frames) addresses.push_back(frame.address);
    return addresses;
}

class Unwinder : public testing::TestWithParam<const char*> {
protected:
    void SetUp() override {
        ASSERT_TRUE(target_.await_output("all told"));
        threads_ = parse(target_.output());
    }

    /// The thread sleeps in its call.
    reader::Task task(const Told& told) {
        std::optional<reader::Task> task;
        EXPECT_TRUE(support::eventually([&] {
            int error = 0;
            task = reader::look_at_task(pid(), told.tid, error);
            return task && task->call && task->call->number == told.call && task->stat.state == 'S';
        }));
        return task.value_or(reader::Task());
    }

    uint32_t pid() const { return static_cast<uint32_t>(target_.pid()); }

    support::Running target_{{.arguments = {std::string(SITTING_THREADS) + GetParam()}}};
    std::map<std::string, Told> threads_;
};

/// The frame that told sits in another call now; all further out are the very same.
void expect_told(const Stack& stack, const Told& told, const std::string& name) {
    const std::vector<uint64_t> unwound = addresses_of(stack);
    const std::vector<uint64_t> outer(told.addresses.begin() + 1, told.addresses.end());
    ASSERT_GT(unwound.size(), outer.size()) << name;
    EXPECT_EQ(std::vector<uint64_t>(unwound.end() - static_cast<long>(outer.size()), unwound.end()), outer) << name;
    const uint64_t teller = unwound[unwound.size() - outer.size() - 1];
    EXPECT_TRUE(teller > told.addresses.front() && teller - told.addresses.front() < 128)
        << name << ": not its function";
}

TEST_P(Unwinder, FindsEveryFrameThatTheThreadItselfCaptured) {
    reader::OutsideStacks outside(pid());
    ASSERT_EQ(threads_.size(), 14U);
    for (const auto& [name, told] : threads_) {
        if (name == "vast") continue;
        const auto sight = outside.look(task(told));
        ASSERT_TRUE(sight) << name;
        EXPECT_FALSE(sight->stack.incomplete || sight->stack.truncated) << name;
        expect_told(sight->stack, told, name);
    }
    EXPECT_TRUE(outside.notes().empty());
}

TEST_P(Unwinder, FindsThemAgainFromWhatItRemembers) {
    reader::OutsideStacks outside(pid());
    for (int look = 0; look < 3; ++look) {
        const auto sight = outside.look(task(threads_["signal"]));
        ASSERT_TRUE(sight);
        expect_told(sight->stack, threads_["signal"], "signal");
        const auto exact = [](const snapshot::Frame& frame) { return !frame.is_return_address; };
        EXPECT_EQ(std::count_if(sight->stack.frames.begin(), sight->stack.frames.end(), exact), 2)
            << "what the handler returns to, and the frame that the signal interrupted";
    }
}

TEST_P(Unwinder, LooksAgainAtAThreadThatMovedOn) {
    const reader::Task now = task(threads_["poll"]);
    reader::Task before = now;
    before.call->number = SYS_read;
    before.call->pc = threads_["read"].addresses.front();
    const auto sight = reader::OutsideStacks(pid()).look(before);
    ASSERT_TRUE(sight);
    EXPECT_EQ(sight->task.call, now.call);
    expect_told(sight->stack, threads_["poll"], "poll");
}

TEST_P(Unwinder, LooksAgainAtAThreadThatRanAndIsBack) {
    const reader::Task now = task(threads_["poll"]);
    reader::Task before = now;
    before.status->switches -= 1;
    const auto sight = reader::OutsideStacks(pid()).look(before);
    ASSERT_TRUE(sight);
    EXPECT_EQ(sight->task.status->switches, now.status->switches);
}

TEST_P(Unwinder, StopsAndSaysSoWhereAFrameHasGrownOutOfSight) {
    const Told& told = threads_["vast"];
    const auto sight = reader::OutsideStacks(pid()).look(task(told));
    ASSERT_TRUE(sight);
    const std::vector<uint64_t> unwound = addresses_of(sight->stack);
    EXPECT_TRUE(sight->stack.incomplete);
    ASSERT_FALSE(unwound.empty());
    EXPECT_TRUE(unwound.back() > told.addresses.front() && unwound.back() - told.addresses.front() < 128);
}

TEST(UnwinderAlone, SaysNothingOfAThreadThatRanMeanwhile) {
    unwind::Unwinder unwinder({}, [](uint64_t, void*, size_t) { return size_t{0}; });
    EXPECT_FALSE(unwinder.stack_at({1, 2}, [] { return false; }));
}

TEST(UnwinderAlone, KeepsTheInnermostFrameWhereMemoryCannotBeRead) {
    unwind::Unwinder unwinder({}, [](uint64_t, void*, size_t) { return size_t{0}; });
    const std::optional<Stack> stack = unwinder.stack_at({0x1234, 0x5678}, [] { return true; });
    ASSERT_TRUE(stack);
    EXPECT_EQ(addresses_of(*stack), std::vector<uint64_t>{0x1234});
    EXPECT_TRUE(stack->incomplete);
}

INSTANTIATE_TEST_SUITE_P(Ways, Unwinder, testing::Values("plain", "optimised", "framed"),
                         [](const auto& way) { return std::string(way.param); });

}  // namespace
