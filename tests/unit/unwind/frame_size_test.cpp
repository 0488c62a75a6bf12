// SPDX-License-Identifier: Apache-2.0
#include "unwind/frame_size.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace {

constexpr uint64_t kFunction = 0x10000;

std::optional<unwind::FrameSize> frame_of(const std::vector<unsigned char>& code) {
    unwind::Region region{.start = kFunction, .end = kFunction + 4096, .readable = true, .executable = true};
    unwind::Memory memory({region}, [&](uint64_t address, void* to, size_t bytes) {
        std::memset(to, 0, bytes);
        std::memcpy(to, code.data() + (address - kFunction), std::min(bytes, code.size() - (address - kFunction)));
        return bytes;
    });
    return unwind::frame_size(memory, kFunction, kFunction + code.size());
}

std::optional<uint64_t> size_of(const std::vector<unsigned char>& code) {
    const std::optional<unwind::FrameSize> frame = frame_of(code);
    EXPECT_FALSE(frame && frame->grows_at);
    return frame ? std::optional<uint64_t>(frame->bytes) : std::nullopt;
}

TEST(FrameSize, AddsPushesAndRoom) {
    EXPECT_EQ(size_of({0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20, 0x90}), 0x20U);
    EXPECT_EQ(size_of({0x55, 0x48, 0x89, 0xe5, 0x48, 0x81, 0xec, 0x00, 0x10, 0, 0}), 0x1000U);
    EXPECT_EQ(size_of({0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xc4, 0x80}), 128U);
    EXPECT_EQ(size_of({0xf3, 0x0f, 0x1e, 0xfa, 0x55, 0x48, 0x89, 0xe5, 0x41, 0x57, 0x53, 0x48, 0x83, 0xec, 0x18}),
              0x18U + 16U);
    EXPECT_EQ(size_of({0x55, 0x48, 0x89, 0xe5, 0x0f, 0x05, 0x5d, 0xc3}), 0U) << "a function that calls nobody";
}

TEST(FrameSize, PassesOverWhatCompilersMixIn) {
    // push rbp; mov $1,%edx; mov %rsp,%rbp; push rbx; mov %edi,%ebx; lea -0x11(%rbp),%rsi; sub $0x18,%rsp
    EXPECT_EQ(size_of({0x55, 0xba, 1,    0,    0,    0,    0x48, 0x89, 0xe5, 0x53,
                       0x89, 0xfb, 0x48, 0x8d, 0x75, 0xef, 0x48, 0x83, 0xec, 0x18}),
              0x18U + 8U);
}

TEST(FrameSize, IsThatOfTheBeginningUntilItGrows) {
    EXPECT_EQ(frame_of({0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xec, 0x20, 0x90, 0x48, 0x29, 0xc4}),
              (unwind::FrameSize{0x20, kFunction + 9}))
        << "sub %rax,%rsp";
}

TEST(FrameSize, IsNotKnownOfFramesThatAreAlignedAnew) {
    EXPECT_EQ(size_of({0x55, 0x48, 0x89, 0xe5, 0x48, 0x83, 0xe4, 0xe0, 0x48, 0x83, 0xec, 0x20}), std::nullopt);
}

TEST(FrameSize, IsNotKnownWithoutAFramePointerOrPastAnythingUnknown) {
    EXPECT_EQ(size_of({0x48, 0x83, 0xec, 0x20}), std::nullopt);
    EXPECT_EQ(size_of({0x55, 0x48, 0x89, 0xe5, 0xcc, 0x48, 0x83, 0xec, 0x20}), std::nullopt);
}

}  // namespace
