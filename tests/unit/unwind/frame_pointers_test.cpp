// SPDX-License-Identifier: Apache-2.0
//
// A made-up stack of frames of code that no table describes.
#include "unwind/frame_pointers.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace unwind {
namespace {

constexpr uint64_t kStack = 0x7000'0000;
constexpr uint64_t kJit = 0x5000'0000;
constexpr uint64_t kNative = 0x4000'0000;
constexpr uint64_t kProgram = 0x3000'0000;
constexpr uint64_t kBytes = 0x4000;

/// Each word of the code regions comes after a call, unless it is told otherwise.
class Target {
public:
    explicit Target(const std::string& program = "/usr/bin/node") : program_(program) {
        for (uint64_t at = 0; at < kBytes; at += 8) {
            // call *%rax in the two bytes before each multiple of 8
            for (const uint64_t code : {kJit, kNative, kProgram}) put<uint16_t>(code + at + 6, 0xd0ff);
        }
    }
    template <typename Value>
    void put(uint64_t address, Value value) {
        for (size_t i = 0; i < sizeof(value); ++i) {
            bytes_[address + i] = static_cast<unsigned char>(uint64_t{value} >> (8 * i));
        }
    }
    /// A frame whose pointer is `frame`: called from `back`, where rbp was `caller`.
    void put_frame(uint64_t frame, uint64_t caller, uint64_t back) {
        put(frame, caller);
        put(frame + 8, back);
    }
    /// The program counters behind the first one; empty: there is no way.
    std::vector<uint64_t> crossed(uint64_t frame_pointer, uint64_t pc = kJit + 8, size_t limit = 100) const {
        Memory memory({region(kProgram, program_, true), region(kNative, "/lib/libnative.so", true),
                       region(kJit, "", true), region(kStack, "[stack]", false)},
                      [this](uint64_t address, void* to, size_t bytes) {
                          for (size_t i = 0; i < bytes; ++i) {
                              const auto found = bytes_.find(address + i);
                              static_cast<unsigned char*>(to)[i] = found == bytes_.end() ? 0 : found->second;
                          }
                          return bytes;
                      });
        const Modules modules(memory);
        Walker walker(memory, modules);
        const auto crossing =
            FramePointers(memory, modules, walker).cross({pc, kStack + 0x100, true}, frame_pointer, limit);
        if (!crossing) return {};
        std::vector<uint64_t> pcs;
        for (const Step& step : crossing->steps) pcs.push_back(step.pc);
        EXPECT_EQ(crossing->after.pc, pcs.back());
        EXPECT_EQ(crossing->after.stack_pointer, crossing->steps.back().stack_pointer);
        return pcs;
    }

private:
    static Region region(uint64_t start, const std::string& path, bool is_code) {
        Region made;
        made.start = start;
        made.end = start + kBytes;
        made.readable = true;
        made.writable = !is_code;
        made.executable = is_code;
        made.of_file = path.starts_with("/");
        made.path = path;
        return made;
    }

    std::string program_;
    std::map<uint64_t, unsigned char> bytes_;
};

using Pcs = std::vector<uint64_t>;

TEST(FramePointers, LeadThroughCompiledAndBuiltInCode) {
    Target target;
    target.put_frame(kStack + 0x120, kStack + 0x200, kJit + 0x80);
    target.put_frame(kStack + 0x200, kStack + 0x300, kProgram + 0x40);
    target.put_frame(kStack + 0x300, kStack + 0x400, kNative + 0x10);

    EXPECT_EQ(target.crossed(kStack + 0x120), (Pcs{kJit + 0x80, kProgram + 0x40, kNative + 0x10}));
    EXPECT_EQ(target.crossed(kStack + 0x120, kJit + 8, 2), Pcs{}) << "too deep";
}

TEST(FramePointers, AreFollowedInNoOtherRuntime) {
    Target target("/usr/bin/java");
    target.put_frame(kStack + 0x120, 0, kNative + 0x10);

    EXPECT_EQ(target.crossed(kStack + 0x120), Pcs{});
}

TEST(FramePointers, AreNotFollowedInCodeOfOtherFiles) {
    Target target;
    target.put_frame(kStack + 0x120, 0, kNative + 0x10);

    EXPECT_EQ(target.crossed(kStack + 0x120), Pcs{kNative + 0x10});
    EXPECT_EQ(target.crossed(kStack + 0x120, kNative + 8), Pcs{});
}

TEST(FramePointers, OtherValuesOfTheRegisterLeadNowhere) {
    Target target;
    const uint64_t frame = kStack + 0x120;
    target.put_frame(frame, kStack + 0x200, kNative + 0x10);
    target.put_frame(kStack + 0x80, kStack + 0x200, kNative + 0x10);
    target.put_frame(kStack + 0x1a4, kStack + 0x200, kNative + 0x10);
    ASSERT_EQ(target.crossed(frame), Pcs{kNative + 0x10});

    EXPECT_EQ(target.crossed(kStack + 0x80), Pcs{}) << "below the stack pointer";
    EXPECT_EQ(target.crossed(kStack + 0x1a4), Pcs{}) << "not aligned";
    EXPECT_EQ(target.crossed(kJit + 0x120), Pcs{}) << "not on the stack";
    EXPECT_EQ(target.crossed(0), Pcs{});

    target.put<uint64_t>(frame + 8, kNative + 0x13);
    EXPECT_EQ(target.crossed(frame), Pcs{}) << "no call comes before";
    target.put_frame(frame, frame, kJit + 0x80);
    EXPECT_EQ(target.crossed(frame), Pcs{}) << "its own caller";
}

}  // namespace
}  // namespace unwind
