// SPDX-License-Identifier: Apache-2.0
#include "read/calls/descriptor_info.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace reader_test {
namespace {

using reader::DescriptorInfo;
using reader::parse_descriptor_info;

TEST(DescriptorInfo, OfAFileHasItsPlaceAndTheLocksThroughIt) {
    const DescriptorInfo info = parse_descriptor_info(
        "pos:\t250\nflags:\t02100002\nmnt_id:\t24\nino:\t11133477\n"
        "lock:\t1: FLOCK  ADVISORY  WRITE 4242 fe:00:11133477 0 EOF\n");
    EXPECT_EQ(info.position, 250U);
    EXPECT_EQ(info.mount, 24U);
    EXPECT_EQ(info.inode, 11133477U);
    ASSERT_EQ(info.locks.size(), 1U);
    EXPECT_EQ(info.locks[0].pid, 4242);
    EXPECT_EQ(info.locks[0].kind, reader::FileLockKind::kFlock);
}

TEST(DescriptorInfo, KnowsWhatTheKernelMadeItFor) {
    EXPECT_EQ(parse_descriptor_info("eventfd-count:               1f\neventfd-id: 4\n").event_count, 0x1fU);
    EXPECT_EQ(parse_descriptor_info("sigmask:\t0000000000000202\n").signals, 0x202U);
    EXPECT_EQ(parse_descriptor_info("Pid:\t-1\nNSpid:\t-1\n").process, -1);
    EXPECT_EQ(parse_descriptor_info("tty-index:\t7\n").terminal, 7U);
    EXPECT_EQ(parse_descriptor_info("inotify wd:1 ino:5 sdev:e\ninotify wd:2 ino:6 sdev:e\n").watches, 2U);
    const DescriptorInfo timer = parse_descriptor_info(
        "clockid: 1\nticks: 0\nsettime flags: 01\nit_value: (12, 500000000)\nit_interval: (1, 0)\n");
    ASSERT_TRUE(timer.timer);
    EXPECT_EQ(timer.timer->left_seconds, 12.5);
    EXPECT_EQ(timer.timer->every_seconds, 1);
}

TEST(DescriptorInfo, OfAnEpollSetCountsAllAndKeepsTheFirst) {
    std::string text = "pos:\t0\n";
    for (int i = 3; i < 203; ++i) {
        text += "tfd:      " + std::to_string(i) + " events:       19 data:      5  pos:0 ino:9f1 sdev:e\n";
    }
    const DescriptorInfo info = parse_descriptor_info(text);
    EXPECT_EQ(info.watches, 200U);
    ASSERT_EQ(info.watched.size(), 64U);
    EXPECT_EQ(info.watched[0].descriptor, 3);
    EXPECT_EQ(info.watched[63].descriptor, 66);
    EXPECT_EQ(info.watched[0].inode, 0x9f1U);
}

TEST(DescriptorInfo, OfNonsenseIsNothing) {
    for (const char* const text : {"", ":", "\n\n:\n", "pos", "pos:", "pos:\tx", "pos:\t99999999999999999999",
                                   "tfd:", "tfd: x", "lock:", "lock:\t1:", "eventfd-count: zz", "Pid: 12x"}) {
        const DescriptorInfo info = parse_descriptor_info(text);
        EXPECT_FALSE(info.position || info.event_count || info.process) << text;
        EXPECT_TRUE(info.watched.empty() && info.locks.empty() && info.watches == 0) << text;
    }
    for (const char* const text : {"it_value:", "it_value: (", "it_value: ()", "it_value: (1)", "it_value: (,)",
                                   "it_value: (1,", "it_value: (x, 2)", "it_value: ( , )"}) {
        const DescriptorInfo info = parse_descriptor_info(text);
        ASSERT_TRUE(info.timer) << text;
        EXPECT_EQ(info.timer->left_seconds, 0) << text;
    }
}

TEST(DescriptorInfo, OfRandomBytesDoesNoHarm) {
    constexpr char kText[] =
        "pos:\t0\nflags:\t02\nmnt_id:\t24\nino:\t5\ntfd:  5 events: 19 data: 5  pos:0 ino:9f1 sdev:e\n"
        "it_value: (12, 500000000)\nlock:\t1: FLOCK  ADVISORY  WRITE 4242 fe:00:11133477 0 EOF\nsigmask:\t02\n";
    std::mt19937 random(11);
    for (int round = 0; round < 2000; ++round) {
        std::string text(kText);
        for (int i = 0; i < 8; ++i) text[random() % text.size()] = static_cast<char>(random());
        parse_descriptor_info(text);
    }
}

}  // namespace
}  // namespace reader_test
