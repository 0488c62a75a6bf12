// SPDX-License-Identifier: Apache-2.0
//
// Recalling and learning that signal handlers interrupt, at every instruction, and stacks with a
// handler in them.
#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>

#include <memory>

#include "memo_fixture.h"
#include "preload/stacks/stack_check.h"

namespace {

#define NOINLINE __attribute__((noipa))
#define NO_TAIL_CALL __asm__ volatile("")

constexpr size_t kSignalStackBytes = 256 * 1024;
constexpr greg_t kTrapFlag = 0x100;

class InterruptedMemo : public MemoTest, public testing::WithParamInterface<int> {
protected:
    InterruptedMemo() : memory_(std::make_unique<char[]>(kSignalStackBytes)) {
        const stack_t stack{memory_.get(), 0, kSignalStackBytes};
        sigaltstack(&stack, nullptr);
    }
    ~InterruptedMemo() override {
        signal(SIGTRAP, SIG_DFL);
        const stack_t none{nullptr, SS_DISABLE, 0};
        sigaltstack(&none, nullptr);
    }

    void handle_traps(void (*function)(int, siginfo_t*, void*)) const {
        struct sigaction action {};
        action.sa_sigaction = function;
        action.sa_flags = SA_SIGINFO | GetParam();
        sigaction(SIGTRAP, &action, nullptr);
    }

private:
    std::unique_ptr<char[]> memory_;
};

NOINLINE void set_trap_flag() {
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
}
NOINLINE void clear_trap_flag() {
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
}

NOINLINE uint32_t capture_here(preload::StackLimits limits) {
    return preload::capture_stack(CALLER_FRAME, limits);
}

NOINLINE uint32_t capture_in(int depth, preload::StackLimits limits) {
    const uint32_t id = depth == 0 ? capture_here(limits) : capture_in(depth - 1, limits);
    NO_TAIL_CALL;
    return id;
}

/// One instruction after the other of a loop: the same frame and the same stack, another pc.
TEST_P(InterruptedMemo, IsRightInAHandlerAtEveryInstruction) {
    handle_traps([](int, siginfo_t*, void*) { visit(); });
    set_trap_flag();
    for (int i = 0; i < 20; ++i) __asm__ volatile("nop");
    clear_trap_flag();

    EXPECT_GT(tally.equal, 50);
    EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
    EXPECT_EQ(tally.recalled, 0);
}

/// Handlers that take a stack while one is being taken: learned, recalled, recalled by way of others.
TEST_P(InterruptedMemo, MayBeUsedByHandlersThatInterruptItsUse) {
    constexpr int kDepths[] = {3, 3, 5, 3, 5, 9, 9};
    uint32_t ids[10] = {};
    // So many that a handler let in would need more room, and take the memory from under its user.
    handle_traps([](int, siginfo_t*, void*) {
        visit();
        capture_in(tally.compared % 80, limits);
    });
    for (int round = 0; round < 2; ++round) {
        preload::forget_code();
        for (const int depth : kDepths) {
            set_trap_flag();
            const uint32_t id = capture_in(depth, limits);
            clear_trap_flag();
            if (ids[depth] != 0) {
                EXPECT_EQ(id, ids[depth]);
            }
            ids[depth] = id;
        }
    }

    EXPECT_GT(tally.compared, 2000);
    EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
}

sigjmp_buf outside;
int steps_left;

/// A handler that jumps out leaves a use of the memo unfinished, wherever it was.
TEST_P(InterruptedMemo, IsUsableAfterAJumpOutOfItsUse) {
    handle_traps([](int, siginfo_t*, void* context) {
        if (--steps_left > 0) return;
        static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
        siglongjmp(outside, 1);
    });
    int jumps = 0;
    for (int step = 1; step < 400; ++step) {
        steps_left = step;
        if (sigsetjmp(outside, 1) == 0) {
            set_trap_flag();
            capture_in(4, limits);
            clear_trap_flag();
        } else {
            ++jumps;
        }
        visit();
        if (step % 50 == 0) preload::forget_code();
    }
    EXPECT_GT(jumps, 50);
    EXPECT_EQ(tally.equal, 399) << tally.first_wrong;
    EXPECT_GT(tally.recalled, 50);
}

INSTANTIATE_TEST_SUITE_P(Stacks, InterruptedMemo, testing::Values(0, SA_ONSTACK),
                         [](const auto& made) { return made.param == 0 ? "SameStack" : "SignalStack"; });

/// A fiber on memory of its own, whose addresses were another fiber's before.
TEST_F(MemoTest, IsNotUsedOnFibers) {
    static ucontext_t caller;
    static ucontext_t context;
    const auto memory = std::make_unique<char[]>(kSignalStackBytes);
    for (int i = 0; i < 4; ++i) {
        getcontext(&context);
        context.uc_stack = {memory.get(), 0, kSignalStackBytes};
        context.uc_link = &caller;
        makecontext(
            &context, [] { visit(); }, 0);
        swapcontext(&caller, &context);
        EXPECT_EQ(last.our_pcs(), last.reference_pcs()) << last.describe();
    }
    EXPECT_EQ(tally.recalled, 0);
    visit();
    visit();
    EXPECT_EQ(tally.wrong, 0) << tally.first_wrong;
}

}  // namespace
