// SPDX-License-Identifier: Apache-2.0
//
// The unwinder against libunwind, frame by frame, in every shape of call that compilers make.
#include "preload/stacks/stack_capture.h"

#include <errno.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <ostream>
#include <thread>
#include <vector>

#include "call_shapes.h"
#include "fake_recording.h"
#include "observed_stack.h"

extern "C" void call_without_table(void (*function)());

namespace {

std::vector<ObservedStack> observed;
preload::StackLimits limits_to_use;

__attribute__((noinline)) void visit() {
    observed.emplace_back();
    observe(limits_to_use, observed.back());
    __asm__ volatile("");  // no tail call
}

/// One frame a call, at any optimization.
__attribute__((noinline, noclone)) void recurse(int depth, Visit then) {
    if (depth == 0) {
        then();
    } else {
        recurse(depth - 1, then);
    }
    __asm__ volatile("");
}

class StackCapture : public testing::Test {
protected:
    StackCapture() {
        observed.clear();
        limits_to_use = own_limits();
    }
};

struct ShapeCase {
    const char* flags;
    CallShape shape;

    friend void PrintTo(const ShapeCase& shape_case, std::ostream* out) {
        *out << shape_case.shape.name << shape_case.flags;
    }
};

std::vector<ShapeCase> all_shapes() {
    std::vector<ShapeCase> cases;
    for (const CallShapes& shapes :
         {unoptimized_shapes(), optimized_shapes(), frame_pointer_shapes(), size_optimized_shapes()}) {
        for (int i = 0; i < shapes.count; ++i) cases.push_back({shapes.flags, shapes.shapes[i]});
    }
    return cases;
}

class StackCaptureOfShape : public StackCapture, public testing::WithParamInterface<ShapeCase> {};

TEST_P(StackCaptureOfShape, EqualsLibunwind) {
    GetParam().shape.run(visit);

    ASSERT_FALSE(observed.empty());
    for (const ObservedStack& stack : observed) {
        EXPECT_TRUE(stack.is_equal()) << stack.describe();
        EXPECT_GT(stack.ours.depth, 5);
    }
}

TEST_P(StackCaptureOfShape, EqualsLibunwindWhereTheStackIsNotKnown) {
    limits_to_use = {};

    GetParam().shape.run(visit);

    ASSERT_FALSE(observed.empty());
    for (const ObservedStack& stack : observed) EXPECT_TRUE(stack.is_equal()) << stack.describe();
}

INSTANTIATE_TEST_SUITE_P(AllFlags, StackCaptureOfShape, testing::ValuesIn(all_shapes()),
                         [](const auto& made) { return std::string(made.param.shape.name) + made.param.flags; });

TEST_F(StackCapture, OfAThreadEndsWhereTheThreadBegan) {
    std::thread([] {
        limits_to_use = own_limits();
        optimized_shapes().shapes[0].run(visit);
    }).join();

    ASSERT_EQ(observed.size(), 1U);
    EXPECT_TRUE(observed[0].is_equal()) << observed[0].describe();
    EXPECT_EQ(observed[0].ours.flags, 0);
}

TEST_F(StackCapture, IsTheSameWarmAndCold) {
    for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 2; ++j) recurse(20, visit);
        preload::forget_code();
    }

    ASSERT_EQ(observed.size(), 4U);
    for (const ObservedStack& stack : observed) EXPECT_TRUE(stack.is_equal()) << stack.describe();
}

TEST_F(StackCapture, RemembersNothingWhileCodeIsBeingUnloaded) {
    preload::begin_unload();
    recurse(3, visit);
    preload::end_unload();
    recurse(3, visit);

    ASSERT_EQ(observed.size(), 2U);
    for (const ObservedStack& stack : observed) EXPECT_TRUE(stack.is_equal()) << stack.describe();
}

TEST_F(StackCapture, DeeperThanTheRoomIsTruncatedAndSaysSo) {
    recurse(0, visit);
    const int room = static_cast<int>(protocol::kMaxFrames) - observed[0].ours.depth;

    recurse(room, visit);
    recurse(room + 1, visit);
    recurse(1000, visit);

    ASSERT_EQ(observed.size(), 4U);
    EXPECT_TRUE(observed[1].is_equal()) << observed[1].describe();
    EXPECT_EQ(observed[1].ours.depth, protocol::kMaxFrames);
    for (const ObservedStack& deeper : {observed[2], observed[3]}) {
        EXPECT_TRUE(deeper.is_marked_prefix()) << deeper.describe();
        EXPECT_EQ(deeper.ours.depth, protocol::kMaxFrames);
        EXPECT_EQ(deeper.ours.flags, protocol::kStackTruncated);
    }
}

TEST_F(StackCapture, EndsMarkedAtCodeWithoutUnwindTable) {
    call_without_table(visit);

    ASSERT_EQ(observed.size(), 1U);
    const ObservedStack& stack = observed[0];
    ASSERT_EQ(stack.ours.depth, 2) << stack.describe();  // the return addresses of observe and visit
    EXPECT_EQ(stack.ours.flags, protocol::kStackIncomplete);
    const auto code = reinterpret_cast<uintptr_t>(call_without_table);
    EXPECT_GT(stack.pcs[1], code);
    EXPECT_LT(stack.pcs[1], code + 16);
}

/// sub $24,%rsp; call *%rdi; add $24,%rsp; ret: as a just-in-time compiler leaves it.
TEST_F(StackCapture, EndsMarkedAtCodeOutsideOfModules) {
    constexpr uint8_t kCode[] = {0x48, 0x83, 0xec, 0x18, 0xff, 0xd7, 0x48, 0x83, 0xc4, 0x18, 0xc3};
    void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(page, MAP_FAILED);
    memcpy(page, kCode, sizeof(kCode));

    reinterpret_cast<void (*)(Visit)>(page)(visit);

    ASSERT_EQ(observed.size(), 1U);
    EXPECT_EQ(observed[0].ours.depth, 2) << observed[0].describe();
    EXPECT_EQ(observed[0].pcs[1], reinterpret_cast<uintptr_t>(page) + 6);
    EXPECT_EQ(observed[0].ours.flags, protocol::kStackIncomplete);
    munmap(page, 4096);
}

/// Walks from an invented frame of `recurse` at `sp`.
preload::RawStack walk_from(uintptr_t sp, uintptr_t fp, preload::StackLimits limits, uintptr_t* pcs) {
    recurse(1, visit);  // its return address lies in recurse, and is followed by the caller's frame
    const uintptr_t inside_recurse = observed.back().pcs[1];
    observed.clear();
    preload::RawStack stack{pcs, 0, 0, 0};
    preload::unwind({inside_recurse, sp, fp}, limits, stack);
    return stack;
}

TEST_F(StackCapture, NeverFaultsWhereTheStackEnds) {
    constexpr size_t kPage = 4096;
    auto* const pages =
        static_cast<char*>(mmap(nullptr, 2 * kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    ASSERT_NE(static_cast<void*>(pages), MAP_FAILED);
    ASSERT_EQ(mprotect(pages + kPage, kPage, PROT_NONE), 0);
    const auto end = reinterpret_cast<uintptr_t>(pages) + kPage;
    uintptr_t pcs[protocol::kMaxFrames];

    for (uintptr_t below = 0; below <= 64; ++below) {
        for (const uintptr_t fp : {end - below, end + 100, uintptr_t{0}, ~uintptr_t{0}, uintptr_t{1} << 63}) {
            // Zeros up to the end: either a return address of zero was there, or nothing to read.
            EXPECT_EQ(walk_from(end - below, fp, {}, pcs).depth, 1);
            EXPECT_EQ(walk_from(end - below, fp, {0, own_limits().high}, pcs).depth, 1);
        }
    }
    const preload::RawStack unreadable = walk_from(end, end, {}, pcs);
    EXPECT_EQ(unreadable.depth, 1);
    EXPECT_EQ(unreadable.flags, protocol::kStackIncomplete);
    munmap(pages, 2 * kPage);
}

__attribute__((noinline)) uint32_t capture_here(preload::StackLimits limits) {
    return preload::capture_stack(CALLER_FRAME, limits);
}

TEST_F(StackCapture, WithoutARecordingHasNoId) {
    EXPECT_EQ(capture_here(own_limits()), 0U);
}

TEST_F(StackCapture, GivesEqualStacksOneIdAndOthersAnother) {
    const FakeRecording recording;
    uint32_t ids[3];
    for (uint32_t& id : ids) {
        id = capture_here(own_limits());
        if (&id == &ids[1]) preload::forget_code();
    }
    const uint32_t other = capture_here(own_limits());

    EXPECT_NE(ids[0], 0U);
    EXPECT_EQ(ids[1], ids[0]);
    EXPECT_EQ(ids[2], ids[0]);
    EXPECT_NE(other, 0U);
    EXPECT_NE(other, ids[0]);
}

TEST_F(StackCapture, StoresWhatItSaw) {
    const FakeRecording recording;
    recurse(5, visit);
    const uint32_t id = capture_here(own_limits());

    const FakeRecording::Stack stored = recording.stack(id);
    EXPECT_EQ(stored.header.mark, protocol::kStackMark);
    EXPECT_EQ(stored.header.flags, 0);
    EXPECT_EQ(stored.header.exact, 0);
    // From this test outwards both walks saw the same frames.
    const std::vector<uintptr_t> seen = observed[0].our_pcs();
    const size_t common = stored.pcs.size() - 1;
    ASSERT_GT(common, 5U);
    EXPECT_EQ(std::vector<uintptr_t>(stored.pcs.end() - common, stored.pcs.end()),
              std::vector<uintptr_t>(seen.end() - common, seen.end()));
}

TEST_F(StackCapture, EveryRecordedPcHasItsModule) {
    const FakeRecording recording;
    const uint32_t id = capture_here(own_limits());

    for (const uintptr_t pc : recording.stack(id).pcs) EXPECT_EQ(recording.modules_at(pc - 1).size(), 1U);
}

TEST_F(StackCapture, TakesOneMarkedPcWhereLittleStackIsLeft) {
    const FakeRecording recording;
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));

    const uint32_t id = capture_here({here - 6000, here + 100000});

    const FakeRecording::Stack stored = recording.stack(id);
    ASSERT_EQ(stored.header.depth, 1);
    EXPECT_EQ(stored.header.flags, protocol::kStackIncomplete);
    EXPECT_EQ(recording.modules_at(stored.pcs[0]).size(), 1U);
}

TEST_F(StackCapture, CountsWhatFindsNoRoom) {
    FakeRecording recording(64);

    EXPECT_EQ(capture_here(own_limits()), 0U);
    EXPECT_EQ(capture_here(own_limits()), 0U);

    EXPECT_EQ(recording.head().stacks_lost, 2U);
}

TEST_F(StackCapture, LeavesErrnoAlone) {
    const FakeRecording recording;
    preload::forget_code();
    errno = 77;

    capture_here(own_limits());
    capture_here({});

    EXPECT_EQ(errno, 77);
}

}  // namespace
