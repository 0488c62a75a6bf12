// SPDX-License-Identifier: Apache-2.0
#include "read/outside/jit_frames.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

namespace reader {
namespace {

TEST(PerfMap, NamesTheCodeOfEachLine) {
    const PerfMap map("7f00 10 Interpreter\n7f10 8 LHello;::main(int, char)\nno line\n7f20\n7f30 8 \n7f40 4 last");

    EXPECT_EQ(map.name_at(0x7f00), "Interpreter");
    EXPECT_EQ(map.name_at(0x7f0f), "Interpreter");
    EXPECT_EQ(map.name_at(0x7f17), "LHello;::main(int, char)");
    EXPECT_EQ(map.name_at(0x7f43), "last");
    for (const uint64_t address : {0x7effUL, 0x7f18UL, 0x7f20UL, 0x7f30UL, 0x7f44UL, ~0UL}) {
        EXPECT_EQ(map.name_at(address), "") << address;
    }
}

TEST(PerfMap, OfCodeInTheSamePlaceTheNewestCounts) {
    EXPECT_EQ(PerfMap("10 8 old\n10 8 new\n").name_at(0x12), "new");
}

TEST(PerfMap, AnyBytesAreSurvived) {
    std::minstd_rand random(1);
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 200, ' ');
        for (char& c : text) c = "0f8 \nxyz\xff"[random() % 9];
        PerfMap(text).name_at(random());
    }
}

/// This test's own process: one page of code that is of no file.
class JitFrames : public testing::Test {
protected:
    void SetUp() override {
        code_ = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ASSERT_NE(code_, MAP_FAILED);
    }
    void TearDown() override {
        munmap(code_, 4096);
        std::filesystem::remove(map_);
    }
    std::string marked(uint64_t address, const std::string& module = {}) const {
        std::vector<snapshot::Stack> stacks(1);
        stacks.front().frames.emplace_back();
        stacks.front().frames.front().address = address;
        stacks.front().frames.front().module = module;
        mark_jit_frames(static_cast<uint32_t>(getpid()), "", stacks);
        return stacks.front().frames.front().function;
    }
    uint64_t code() const { return reinterpret_cast<uint64_t>(code_); }

    void* code_ = nullptr;
    const std::string map_ = "/tmp/perf-" + std::to_string(getpid()) + ".map";
};

TEST_F(JitFrames, AreThoseInCodeThatIsOfNoFile) {
    EXPECT_EQ(marked(code() + 1), "[jit]");
    EXPECT_EQ(marked(code() + 4096), "[jit]") << "a call that is the last instruction";
    EXPECT_EQ(marked(code() + 1, "/opt/lib.so"), "") << "unmapped since";
    EXPECT_EQ(marked(reinterpret_cast<uint64_t>(this)), "") << "data";
    EXPECT_EQ(marked(reinterpret_cast<uint64_t>(&getpid) + 1), "") << "of a file";
}

TEST_F(JitFrames, HaveTheNamesThatTheirRuntimeWroteDown) {
    std::ofstream(map_) << std::hex << code() << " 20 Interpreter\n";

    EXPECT_EQ(marked(code() + 1), "Interpreter [jit]");
    EXPECT_EQ(marked(code() + 0x40), "[jit]");
}

}  // namespace
}  // namespace reader
