// SPDX-License-Identifier: Apache-2.0
#include "python/left_states.h"

#include <gtest/gtest.h>

#include "interpreter_memory.h"

namespace python {
namespace {

constexpr uint32_t kThread = 4711;

/// A thread's stack of 512 bytes that points to states of threads, and to nothing.
class LeftStates : public testing::TestWithParam<uint32_t> {
protected:
    LeftStates() { target.put<uint64_t>(stack, 8, 0xdead0); }

    uint64_t state(uint32_t native_id, uint64_t c_frame) {
        const uint64_t made = target.reserve(target.offsets.thread.size);
        target.put<uint64_t>(made, target.offsets.thread.native_id, native_id);
        target.put<uint64_t>(made, target.offsets.thread.frame, c_frame);
        target.put<uint64_t>(stack, 16 * ++pointers, made);
        return made;
    }
    std::optional<uint64_t> found() const { return find_left_state(target.memory(), target.offsets, kThread, stack); }

    InterpreterMemory target{*known_offsets(GetParam())};
    const uint64_t stack = target.reserve(512);
    uint64_t pointers = 0;
};
INSTANTIATE_TEST_SUITE_P(Python3, LeftStates, testing::Values(11, 12));

TEST_P(LeftStates, IsTheOneOfItsNumberAndStack) {
    const uint64_t elsewhere = target.reserve(64);
    state(kThread + 1, stack + 256);
    state(kThread, elsewhere);
    const uint64_t own = state(kThread, stack + 256);
    target.put<uint64_t>(stack, 400, own);  // twice the same

    EXPECT_EQ(found(), own);
}

TEST_P(LeftStates, IsNoneWhereNobodyPointsToIt) {
    state(kThread + 1, stack + 256);

    EXPECT_EQ(found(), std::nullopt);
    EXPECT_EQ(find_left_state(target.memory(), target.offsets, kThread, 0), std::nullopt);
    EXPECT_EQ(find_left_state(target.memory(), target.offsets, kThread, 0xdead0), std::nullopt);
}

TEST_P(LeftStates, IsNoneOfTwo) {
    state(kThread, stack + 256);
    state(kThread, stack + 128);

    EXPECT_EQ(found(), std::nullopt);
}

}  // namespace
}  // namespace python
