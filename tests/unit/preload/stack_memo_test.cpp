// SPDX-License-Identifier: Apache-2.0
//
// Stacks that are recalled, against libunwind: everything that could make two stacks look alike.
#include "preload/stacks/stack_memo.h"

#include <alloca.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coroutine>
#include <cstring>
#include <exception>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "call_shapes.h"
#include "memo_fixture.h"
#include "preload/process/restriction.h"
#include "preload/stacks/stack_check.h"
#include "preload/stacks/stack_table.h"

extern "C" void call_without_table(void (*function)());

namespace {

#define NOINLINE __attribute__((noipa))
#define NO_TAIL_CALL __asm__ volatile("")

using StackMemo = MemoTest;

struct Place {
    uintptr_t pc;
    uintptr_t sp;
    bool operator<(const Place& other) const { return pc != other.pc ? pc < other.pc : sp < other.sp; }
};

/// From one call site, however the compiler treats loops.
template <typename Function>
NOINLINE void repeat(int times, Function function) {
    for (int i = 0; i < times; ++i) function(i);
}

NOINLINE void recurse(int depth, Visit then) {
    if (depth == 0) {
        then();
    } else {
        recurse(depth - 1, then);
    }
    NO_TAIL_CALL;
}

TEST_F(StackMemo, RecallsEveryShapeOfCall) {
    for (const CallShapes& shapes :
         {unoptimized_shapes(), optimized_shapes(), frame_pointer_shapes(), size_optimized_shapes()}) {
        for (int i = 0; i < shapes.count; ++i) {
            int visits = 0;
            // Met, learnt, perhaps once more with more room, recalled.
            for (int round = 0; round < 4; ++round) {
                tally = {};
                shapes.shapes[i].run(visit);
                visits = tally.compared;
                EXPECT_EQ(tally.equal, visits) << shapes.shapes[i].name << shapes.flags << '\n' << tally.first_wrong;
            }
            EXPECT_GT(visits, 0);
            EXPECT_EQ(tally.recalled, visits) << shapes.shapes[i].name << shapes.flags;
        }
    }
}

TEST_F(StackMemo, TellsRecursionsOfDifferentDepthApart) {
    std::mt19937 random(1);
    repeat(3000, [&](int) { recurse(static_cast<int>(random() % 80), visit); });

    EXPECT_EQ(tally.equal, 3000) << tally.first_wrong;
    EXPECT_GT(tally.recalled, 3000 - 3 * 80);  // learned anew each time that the memo has grown
}

/// Left and right have frames of one size, so all paths end at one stack pointer.
void turn(uint32_t path, int left);
NOINLINE void turn_left(uint32_t path, int left) {
    turn(path, left);
    NO_TAIL_CALL;
}
NOINLINE void turn_right(uint32_t path, int left) {
    turn(path, left);
    NO_TAIL_CALL;
}

Visit at_the_end;
NOINLINE void arrive() {
    at_the_end();
    NO_TAIL_CALL;
}
__attribute__((always_inline)) inline void turn(uint32_t path, int left) {
    if (left == 0) {
        arrive();
    } else if ((path & 1) != 0) {
        turn_right(path >> 1, left - 1);
    } else {
        turn_left(path >> 1, left - 1);
    }
}

TEST_F(StackMemo, TellsStacksApartThatShareReturnAddressAndStackPointer) {
    constexpr int kTurns = 10;
    constexpr int kPaths = 1 << kTurns;
    at_the_end = visit;
    std::set<uint32_t> ids;
    std::set<uintptr_t> stack_pointers;
    const auto take = [&](int path) {
        turn_left(static_cast<uint32_t>(path) * 40503, kTurns);
        ids.insert(last_id);
        stack_pointers.insert(last_sp);
    };
    // What was learned while there was less room is learned again.
    for (int round = 0; round < 4; ++round) {
        tally = {};
        repeat(kPaths, take);
    }

    EXPECT_EQ(ids.size(), size_t{kPaths});
    EXPECT_EQ(stack_pointers.size(), 1U);
    EXPECT_EQ(tally.equal, kPaths) << tally.first_wrong;
    EXPECT_EQ(tally.recalled, kPaths);
}

TEST_F(StackMemo, StaysRightWhenThereAreMoreStacksThanItHolds) {
    constexpr int kTurns = 15;
    at_the_end = visit;
    const auto take = [](int path) { turn_left(static_cast<uint32_t>(path) * 40503, kTurns); };
    int mask = ~0;
    int times = 1 << kTurns;
    for (int round = 0; round < 2; ++round) {
        tally = {};
        repeat(times, [&](int path) { take(path & mask); });
        EXPECT_EQ(tally.equal, times) << tally.first_wrong;
        mask = 0;  // full for so long, it was emptied for those that come now
        times = 20'000;
    }
    EXPECT_GT(tally.recalled, 1000);
}

/// The stack from `from` to its end, to be laid down elsewhere as if it stood there.
class StackImage {
public:
    void take(uintptr_t from) {
        from_ = from;
        words_.assign(reinterpret_cast<const uintptr_t*>(from), reinterpret_cast<const uintptr_t*>(own_limits().high));
    }
    uintptr_t from() const { return from_; }
    size_t bytes() const { return words_.size() * sizeof(uintptr_t); }
    /// What points into the stack points into the copy.
    void lay_down(uintptr_t to) const {
        const uintptr_t high = from_ + bytes();
        for (size_t i = 0; i < words_.size(); ++i) {
            const uintptr_t word = words_[i];
            reinterpret_cast<uintptr_t*>(to)[i] = word >= from_ - 4096 && word < high ? word + to - from_ : word;
        }
    }

private:
    uintptr_t from_ = 0;
    std::vector<uintptr_t> words_;
};

/// On a thread, so that the stack above is small.
template <typename Function>
void run_on_small_stack(Function function) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    pthread_t thread;
    pthread_create(
        &thread, &attributes,
        [](void* argument) -> void* {
            (*static_cast<Function*>(argument))();
            return nullptr;
        },
        &function);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

StackImage image;
constexpr size_t kImageRoom = 8192;
bool captures_itself;

/// The dynamic part of the frame is filled with the stack as it was when there was little of it.
NOINLINE void visit_above_stale_words(bool is_stale) {
    auto* const memory = static_cast<char*>(alloca(is_stale ? kImageRoom : 16));
    const auto begin = reinterpret_cast<uintptr_t>(memory);
    memset(memory, 0, 16);
    if (is_stale) {
        if (image.bytes() > kImageRoom) abort();
        image.lay_down(begin);
    } else {
        image.take(begin);
    }
    if (captures_itself) {
        // Its frame pointer is in the register still, not saved by anyone.
        const uint64_t recalled = MemoTest::recalled_so_far();
        observe_captured(MemoTest::limits, MemoTest::last);
        MemoTest::compare(recalled);
    } else {
        MemoTest::visit();
    }
    NO_TAIL_CALL;
}
NOINLINE void first_caller() {
    visit_above_stale_words(false);
    NO_TAIL_CALL;
}
NOINLINE void second_caller() {
    visit_above_stale_words(true);
    NO_TAIL_CALL;
}

class StackMemoAndStaleWords : public MemoTest, public testing::WithParamInterface<bool> {};

TEST_P(StackMemoAndStaleWords, AreNotMixedUp) {
    captures_itself = GetParam();
    run_on_small_stack([&] {
        limits = own_limits();
        recording.become_thread(1);
        repeat(4, [](int) {
            first_caller();
            second_caller();
        });
    });

    EXPECT_EQ(tally.equal, 8) << tally.first_wrong;
    EXPECT_EQ(tally.recalled, 4);
}

INSTANTIATE_TEST_SUITE_P(FramePointer, StackMemoAndStaleWords, testing::Bool(),
                         [](const auto& made) { return made.param ? "InItsRegister" : "Saved"; });

using CallInFrame = void (*)(Visit visit, void (*fill)(void* frame));

class Plugin {
public:
    explicit Plugin(const char* path) : handle_(dlopen(path, RTLD_NOW | RTLD_LOCAL)) {
        call = reinterpret_cast<CallInFrame>(dlsym(handle_, "call_in_frame"));
    }
    void unload() {
        preload::begin_unload();
        dlclose(handle_);
        flush_reference();
        preload::end_unload();
    }
    CallInFrame call = nullptr;

private:
    void* handle_;
};

NOINLINE void call_small_frame(CallInFrame call) {
    call(MemoTest::visit, [](void* frame) { image.take(reinterpret_cast<uintptr_t>(frame)); });
    NO_TAIL_CALL;
}
NOINLINE void call_large_frame(CallInFrame call) {
    call(MemoTest::visit, [](void* frame) {
        if (image.bytes() > kImageRoom) abort();
        image.lay_down(reinterpret_cast<uintptr_t>(frame));
    });
    NO_TAIL_CALL;
}

TEST_F(StackMemo, ForgetsWhenAnotherPluginComesToTheSameAddress) {
    uintptr_t addresses[2];
    run_on_small_stack([&] {
        limits = own_limits();
        recording.become_thread(1);
        Plugin small(SMALL_FRAME_PLUGIN);
        repeat(3, [&](int) { call_small_frame(small.call); });
        EXPECT_EQ(tally.recalled, 1);
        addresses[0] = reinterpret_cast<uintptr_t>(small.call);
        small.unload();
        Plugin large(LARGE_FRAME_PLUGIN);
        addresses[1] = reinterpret_cast<uintptr_t>(large.call);
        repeat(3, [&](int) { call_large_frame(large.call); });
        large.unload();
    });

    ASSERT_EQ(addresses[0], addresses[1]);
    EXPECT_EQ(tally.equal, 6) << tally.first_wrong;
    EXPECT_EQ(tally.recalled, 2);
}

TEST_F(StackMemo, KeepsNothingWhileCodeIsBeingUnloaded) {
    preload::begin_unload();
    repeat(3, [](int) { recurse(3, visit); });
    preload::end_unload();
    EXPECT_EQ(tally.recalled, 0);

    repeat(4, [](int) { recurse(3, visit); });
    EXPECT_EQ(tally.recalled, 2);
    EXPECT_EQ(tally.equal, 7) << tally.first_wrong;
}

TEST_F(StackMemo, NeverKeepsStacksThatWereCutShort) {
    repeat(3, [](int) {
        recurse(500, visit);
        EXPECT_EQ(last.ours.flags, protocol::kStackTruncated);
        call_without_table(visit);
        EXPECT_EQ(last.ours.flags, protocol::kStackIncomplete);
    });

    EXPECT_EQ(tally.recalled, 0);
    EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
}

sigjmp_buf back;

TEST_F(StackMemo, StaysRightAfterLongJumpsAndExceptions) {
    repeat(40, [](int i) {
        recurse(i % 7, visit);
        static int depth;
        depth = i;
        if (sigsetjmp(back, 0) == 0) {
            recurse(depth % 5, [] {
                MemoTest::visit();
                siglongjmp(back, 1);
            });
        }
        try {
            recurse(depth % 3, [] {
                MemoTest::visit();
                throw 1;
            });
        } catch (int) {
            visit();
        }
    });

    EXPECT_EQ(tally.equal, 160) << tally.first_wrong;
    EXPECT_GT(tally.recalled, 120);
}

struct Generator {
    struct promise_type {
        Generator get_return_object() { return {std::coroutine_handle<promise_type>::from_promise(*this)}; }
        std::suspend_always initial_suspend() noexcept { return {}; }
        std::suspend_always final_suspend() noexcept { return {}; }
        void return_void() {}
        void unhandled_exception() { std::terminate(); }
    };
    std::coroutine_handle<promise_type> handle;
};

Generator visit_now_and_then(int depth) {
    for (;;) {
        recurse(depth, MemoTest::visit);
        co_await std::suspend_always();
        MemoTest::visit();
    }
}

NOINLINE void resume_deeper(Generator generator, int depth) {
    if (depth == 0) {
        generator.handle.resume();
    } else {
        resume_deeper(generator, depth - 1);
    }
    NO_TAIL_CALL;
}

TEST_F(StackMemo, FollowsCoroutinesFromResumerToResumer) {
    const Generator one = visit_now_and_then(2);
    const Generator two = visit_now_and_then(4);
    for (int i = 0; i < 60; ++i) resume_deeper(i % 3 == 0 ? two : one, i % 5);
    one.handle.destroy();
    two.handle.destroy();

    EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
    EXPECT_EQ(tally.equal, tally.compared) << last.describe();
    EXPECT_GT(tally.recalled, tally.compared / 2);
}

TEST_F(StackMemo, ServesTheNextThreadOfItsSlot) {
    repeat(3, [&](int) {
        run_on_small_stack([&] {
            limits = own_limits();
            recording.become_thread(3);
            recurse(5, visit);
        });
        recording.become_thread(3)->memo = 0;  // as a slot that was given back
    });

    EXPECT_EQ(tally.equal, 3) << tally.first_wrong;
    EXPECT_EQ(tally.recalled, 1);
}

TEST_F(StackMemo, IsRightOrMarkedOnTheSmallestStack) {
    const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ASSERT_EQ(pthread_attr_setstacksize(&attributes, 4 * page), 0);  // PTHREAD_STACK_MIN
    pthread_t thread;
    static FakeRecording* shared;
    shared = &recording;
    pthread_create(
        &thread, &attributes,
        [](void*) -> void* {
            limits = own_limits();
            shared->become_thread(4);
            repeat(3, [](int) { visit(); });
            return nullptr;
        },
        nullptr);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);

    EXPECT_EQ(tally.compared, 3);
    EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
}

TEST_F(StackMemo, DoesNotGrowWhereSystemCallsWereGivenUp) {
    uintptr_t pc = 1;
    preload::intern_stack({&pc, 1, 0, 0}, 0);  // what finds stacks is there
    preload::restrictions = 1;
    repeat(3, [](int) { recurse(4, visit); });

    EXPECT_EQ(tally.recalled, 0);
    EXPECT_EQ(tally.equal, 3) << tally.first_wrong;
}

TEST_F(StackMemo, IsWipedByFork) {
    repeat(4, [](int) { recurse(4, visit); });
    EXPECT_EQ(tally.recalled, 2);
    const pid_t child = fork();
    if (child == 0) {
        tally = {};
        const FakeRecording fresh(1 << 20);
        repeat(4, [](int) { recurse(4, visit); });  // with the parent's memory
        _exit(tally.equal == 4 && tally.recalled == 2 ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);

    EXPECT_EQ(status, 0);
}

}  // namespace
