// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <random>

#include "read/kernel/mappings.h"
#include "read/kernel/proc.h"
#include "read/records/recording_name.h"

namespace reader_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kStat[] =
    "4244 (a) b (c) S 4200 4244 2772 0 -1 4194304 2855 6662 8 1 30 12 5 0 20 0 1 0 301979 16961536 3339 1844674407370 "
    "0\n";

TEST(StatLine, IsReadBehindANameOfAnyKind) {
    const auto stat = reader::parse_stat(kStat);
    ASSERT_TRUE(stat);
    EXPECT_EQ(stat->name, "a) b (c");
    EXPECT_EQ(stat->state, 'S');
    EXPECT_EQ(stat->parent, 4200U);
    EXPECT_EQ(stat->cpu_ticks, 42U);
    EXPECT_EQ(stat->start_ticks, 301979U);
}

TEST(StatLine, EndsWithPlacesOfTheArguments) {
    const auto environment_end = [](const char* last) {
        const std::string line =
            "9 (x) R 1 9 9 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 77 0 0 18446744073709551615 1 1 0 0 0 0 0 0 "
            "0 0 0 0 -1 3 0 0 0 0 0 93824992 93824999 93825000 140736 140739 140740 ";
        return reader::parse_stat(line + last)->environment_end;
    };
    EXPECT_EQ(environment_end("140743 0\n"), 140743U);
    EXPECT_EQ(environment_end("0 0\n"), 0U);
    EXPECT_EQ(environment_end(""), 0U) << "an older kernel's line is shorter";
}

TEST(StatLine, ThatIsCutShortIsNone) {
    const std::string_view whole(kStat);
    for (size_t length = 0; length < whole.find(" 16961536") - 6; ++length) {
        EXPECT_FALSE(reader::parse_stat(whole.substr(0, length))) << length;
    }
    EXPECT_FALSE(reader::parse_stat(")("));
}

constexpr char kStatus[] =
    "Name:\tS\nState:\tS (sleeping)\nTgid:\t12\nGroups:\t0 4 \nSigCgt:\t0000000180004202\n"
    "voluntary_ctxt_switches:\t40\nnonvoluntary_ctxt_switches:\t2\n";

TEST(StatusFile, TellsStateSwitchesAndHandlers) {
    const auto status = reader::parse_status(kStatus);
    ASSERT_TRUE(status);
    EXPECT_EQ(status->state, 'S');
    EXPECT_EQ(status->switches, 42U);
    EXPECT_EQ(status->sleeps, 40U);
    EXPECT_EQ(status->pending, 0U);
    EXPECT_EQ(status->caught, 0x180004202U);
}

TEST(StatusFile, TellsWhichSignalsAreAboutToBeDelivered) {
    std::string text(kStatus);
    text.insert(text.find("SigCgt"),
                "SigPnd:\t0000000000000201\nShdPnd:\t0000000000004000\nSigBlk:\t0000000000000200\n");
    EXPECT_EQ(reader::parse_status(text)->pending, 0x4001U);
}

TEST(StatusFile, ThatLacksALineIsNone) {
    const std::string whole(kStatus);
    for (const char* line : {"\nState:\tS", "\nSigCgt", "\nvoluntary", "\nnonvoluntary"}) {
        std::string text = whole;
        text.replace(text.find(line) + 1, 1, "x");
        EXPECT_FALSE(reader::parse_status(text)) << line;
    }
    EXPECT_FALSE(reader::parse_status(""));
}

TEST(SystemCallLine, HoldsNumberArgumentsAndPlace) {
    const auto call = reader::parse_system_call("202 0x7f01 0x80 0x2 0x0 0xffffffffffffffff 0x6 0x7ffd10 0x7f82ad\n");
    ASSERT_TRUE(call);
    EXPECT_FALSE(call->running);
    EXPECT_EQ(call->number, 202);
    EXPECT_THAT(call->arguments, ElementsAre(0x7f01, 0x80, 2, 0, UINT64_MAX, 6));
    EXPECT_EQ(call->stack_pointer, 0x7ffd10U);
    EXPECT_EQ(call->pc, 0x7f82adU);
}

TEST(SystemCallLine, MayHoldLess) {
    ASSERT_TRUE(reader::parse_system_call("running\n"));
    EXPECT_TRUE(reader::parse_system_call("running\n")->running);
    const auto outside = reader::parse_system_call("-1 0x7ffd10 0x7f82ad\n");
    ASSERT_TRUE(outside);
    EXPECT_EQ(outside->number, -1);
    EXPECT_EQ(outside->pc, 0x7f82adU);
    EXPECT_FALSE(reader::parse_system_call(""));
    EXPECT_FALSE(reader::parse_system_call("202 0x7f01"));
    EXPECT_FALSE(reader::parse_system_call("0 0x0 0x0 0x0 0x0 0x0 0x0 0x1"));
}

TEST(SystemCallLine, TellsAWaitForANewChildFromTheStartOfAThread) {
    const auto awaits = [](const std::string& call) {
        return reader::parse_system_call(call + " 0x0 0x0 0x0 0x0 0x0 0x7ffd10 0x7f82ad\n")->awaits_new_child;
    };
    EXPECT_TRUE(awaits("58 0x1"));        // vfork
    EXPECT_TRUE(awaits("56 0x4111"));     // clone, CLONE_VM | CLONE_VFORK | SIGCHLD
    EXPECT_FALSE(awaits("56 0x3d0f00"));  // clone, as for a thread
    EXPECT_FALSE(awaits("435 0x4111"));   // clone3: in memory
    EXPECT_FALSE(awaits("202 0x4111"));
}

TEST(NamespacePids, AreOutermostFirst) {
    EXPECT_THAT(reader::parse_namespace_pids("Name:\tx\nNSpid:\t4242\t17\t1\nNSpgid:\t1\n"), ElementsAre(4242, 17, 1));
    EXPECT_THAT(reader::parse_namespace_pids("Name:\tx\n"), IsEmpty());
    EXPECT_THAT(reader::parse_namespace_pids(""), IsEmpty());
}

TEST(MappingLine, HoldsPlaceRightsAndPath) {
    const auto mapping =
        reader::parse_mapping("7f00-7f20 rw-s 00002000 fe:00 247134                     /dev/shm/a b (deleted)");
    ASSERT_TRUE(mapping);
    EXPECT_EQ(mapping->start, 0x7f00U);
    EXPECT_EQ(mapping->end, 0x7f20U);
    EXPECT_TRUE(mapping->readable);
    EXPECT_TRUE(mapping->shared);
    EXPECT_EQ(mapping->offset, 0x2000U);
    EXPECT_EQ(mapping->inode, 247134U);
    EXPECT_EQ(mapping->path, "/dev/shm/a b");
    EXPECT_TRUE(mapping->deleted);
    const auto anonymous = reader::parse_mapping("7f00-7f20 ---p 00000000 00:00 0 ");
    ASSERT_TRUE(anonymous);
    EXPECT_EQ(anonymous->path, "");
    EXPECT_FALSE(anonymous->readable || anonymous->shared);
    EXPECT_FALSE(reader::parse_mapping("7f00 rw-s 0 fe:00 1 /x"));
    EXPECT_FALSE(reader::parse_mapping(""));
}

TEST(Mappings, OfThisProcessHoldItsOwnCode) {
    const auto code = reinterpret_cast<uintptr_t>(&reader::parse_mapping);
    bool found = false;
    EXPECT_EQ(reader::visit_mappings(static_cast<uint32_t>(getpid()),
                                     [&](const reader::Mapping& mapping) {
                                         found = mapping.start <= code && code < mapping.end;
                                         return !found;
                                     }),
              0);
    EXPECT_TRUE(found);
    EXPECT_NE(reader::visit_mappings(4'100'000'000, [](const reader::Mapping&) { return true; }), 0);
}

TEST(RecordingName, HasThreeParts) {
    const auto name = reader::parse_recording_name("/dev/shm/loiter-42-301979-00ab34cd56ef7890");
    ASSERT_TRUE(name);
    EXPECT_EQ(name->pid, 42U);
    EXPECT_EQ(name->start_ticks, 301979U);
    EXPECT_EQ(name->nonce, 0x00ab34cd56ef7890U);
    for (const char* const other :
         {"", "loiter-", "loiter-42", "loiter-42-1", "loiter-42-1-", "loiter-42-1-00ab34cd56ef789", "loiter-run-x12y45",
          "loiter-42-1-00ab34cd56ef78901", "loiter-42-1-00ab34cd56ef789g", "loiter-x-1-00ab34cd56ef7890",
          "loiter--1-00ab34cd56ef7890", "/loiter-42-1-00ab34cd56ef7890/x", "loiter-99999999999-1-00ab34cd56ef7890"}) {
        EXPECT_FALSE(reader::parse_recording_name(other)) << other;
    }
}

TEST(Parsers, TakeAnyText) {
    for (uint32_t seed = 0; seed < 20000; ++seed) {
        std::mt19937 random(seed);
        std::string text(random() % 120, ' ');
        for (char& character : text) character = "0123456789abcdefx-() \t\n:/r"[random() % 26];
        reader::parse_stat(text);
        reader::parse_stat("1 (" + text);
        reader::parse_system_call(text);
        reader::parse_namespace_pids("\nNSpid:" + text);
        reader::parse_mapping(text);
        reader::parse_recording_name("loiter-" + text);
    }
}

TEST(Process, IsKnownToProc) {
    const auto self = static_cast<uint32_t>(getpid());
    EXPECT_THAT(reader::task_ids(self), testing::Contains(self));
    EXPECT_THAT(reader::process_ids(), testing::Contains(self));
    EXPECT_NE(reader::live_task(self), 0U);
    ASSERT_TRUE(reader::stat_of_process(self));
    EXPECT_EQ(reader::stat_of_process(self)->parent, static_cast<uint32_t>(getppid()));
    EXPECT_FALSE(reader::stat_of_process(4'100'000'000));
    EXPECT_EQ(reader::innermost_pid(self, self), self);
    EXPECT_NE(reader::namespace_inode("/proc/self/ns/pid"), 0U);
    EXPECT_EQ(reader::namespace_inode("/proc/self/exe"), 0U);
}

}  // namespace
}  // namespace reader_test
