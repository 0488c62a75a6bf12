// SPDX-License-Identifier: Apache-2.0
//
// Stacks that pass through signal handlers, and stacks that are not the thread's own.
#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include <memory>
#include <ostream>
#include <string>
#include <string_view>

#include "call_shapes.h"
#include "fake_recording.h"
#include "observed_stack.h"

namespace {

constexpr size_t kSignalStackBytes = 256 * 1024;

preload::StackLimits limits_to_use;
ObservedStack last;

__attribute__((noinline)) void visit() {
    observe(limits_to_use, last);
    __asm__ volatile("");  // no tail call
}

class SignalStack {
public:
    SignalStack() : memory_(std::make_unique<char[]>(kSignalStackBytes)) {
        const stack_t stack{memory_.get(), 0, kSignalStackBytes};
        sigaltstack(&stack, nullptr);
    }
    ~SignalStack() {
        const stack_t none{nullptr, SS_DISABLE, 0};
        sigaltstack(&none, nullptr);
    }
    SignalStack(const SignalStack&) = delete;
    SignalStack& operator=(const SignalStack&) = delete;

    uintptr_t low() const { return reinterpret_cast<uintptr_t>(memory_.get()); }

private:
    std::unique_ptr<char[]> memory_;
};

class Handler {
public:
    Handler(int signal, void (*function)(int, siginfo_t*, void*), int flags) : signal_(signal) {
        struct sigaction action {};
        action.sa_sigaction = function;
        action.sa_flags = flags | SA_SIGINFO;
        sigaction(signal, &action, &before_);
    }
    ~Handler() { sigaction(signal_, &before_, nullptr); }
    Handler(const Handler&) = delete;
    Handler& operator=(const Handler&) = delete;

private:
    int signal_;
    struct sigaction before_ {};
};

class InterruptedStack : public testing::Test {
protected:
    InterruptedStack() { limits_to_use = own_limits(); }
};

TEST_F(InterruptedStack, EqualsLibunwindInAHandler) {
    const Handler handler(
        SIGUSR1, [](int, siginfo_t*, void*) { visit(); }, 0);

    raise(SIGUSR1);

    EXPECT_TRUE(last.is_equal()) << last.describe();
    EXPECT_EQ(last.ours.flags, protocol::kStackHasSignal);
    EXPECT_GT(last.ours.exact, 2);
}

TEST_F(InterruptedStack, EqualsLibunwindInAHandlerOnASignalStack) {
    const SignalStack signal_stack;
    const Handler handler(
        SIGUSR1, [](int, siginfo_t*, void*) { visit(); }, SA_ONSTACK);

    raise(SIGUSR1);
    EXPECT_TRUE(last.is_equal()) << last.describe();
    EXPECT_EQ(last.ours.flags, protocol::kStackHasSignal);

    limits_to_use = {};
    raise(SIGUSR1);
    EXPECT_TRUE(last.is_equal()) << last.describe();
}

TEST_F(InterruptedStack, EqualsLibunwindInNestedHandlers) {
    const Handler inner(
        SIGUSR2, [](int, siginfo_t*, void*) { visit(); }, 0);
    const Handler outer(
        SIGUSR1, [](int, siginfo_t*, void*) { raise(SIGUSR2); }, 0);

    raise(SIGUSR1);

    EXPECT_TRUE(last.is_equal()) << last.describe();
}

TEST_F(InterruptedStack, EndsMarkedWhereNullWasCalled) {
    static sigjmp_buf after;
    const Handler handler(
        SIGSEGV,
        [](int, siginfo_t*, void*) {
            visit();
            siglongjmp(after, 1);
        },
        0);

    void (*volatile null)() = nullptr;
    if (sigsetjmp(after, 1) == 0) null();

    EXPECT_EQ(last.ours.flags, protocol::kStackIncomplete) << last.describe();
    EXPECT_TRUE(last.is_marked_prefix()) << last.describe();
}

__attribute__((noinline)) uint32_t capture_here(preload::StackLimits limits) {
    return preload::capture_stack(CALLER_FRAME, limits);
}

TEST_F(InterruptedStack, TakesOneMarkedPcOnASmallSignalStack) {
    static uint32_t id;
    const FakeRecording recording;
    const SignalStack signal_stack;
    const stack_t small{reinterpret_cast<void*>(signal_stack.low()), 0, 9 * 1024};
    ASSERT_EQ(sigaltstack(&small, nullptr), 0);
    const Handler handler(
        SIGUSR1, [](int, siginfo_t*, void*) { id = capture_here(limits_to_use); }, SA_ONSTACK);

    raise(SIGUSR1);

    const FakeRecording::Stack stored = recording.stack(id);
    EXPECT_EQ(stored.header.depth, 1);
    EXPECT_EQ(stored.header.flags, protocol::kStackIncomplete);
}

/// The first instructions of a shape are interrupted one by one, and the stack taken from there.
constexpr int kMaxSteps = 1500;
constexpr greg_t kTrapFlag = 0x100;

struct Tally {
    int steps = 0;
    int equal = 0;
    int wrong = 0;
    std::string first_wrong;
};
Tally tally;

void on_step(int, siginfo_t*, void* context) {
    visit();
    if (++tally.steps == kMaxSteps) static_cast<ucontext_t*>(context)->uc_mcontext.gregs[REG_EFL] &= ~kTrapFlag;
    if (last.is_equal()) {
        ++tally.equal;
    } else if (!last.is_marked_prefix() && tally.wrong++ == 0) {
        tally.first_wrong = last.describe();
    }
}

__attribute__((noinline)) void set_trap_flag() {
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq" ::: "memory", "cc");
}

__attribute__((noinline)) void clear_trap_flag() {
    __asm__ volatile("pushfq; andq $~0x100, (%%rsp); popfq" ::: "memory", "cc");
}

__attribute__((noinline)) void do_nothing() {
    __asm__ volatile("");
}

struct SteppedCase {
    CallShapes shapes;
    int handler_flags;

    std::string name() const { return std::string(shapes.flags) + (handler_flags != 0 ? "OnSignalStack" : ""); }
    friend void PrintTo(const SteppedCase& stepped, std::ostream* out) { *out << stepped.name(); }
};

class SteppedStack : public InterruptedStack, public testing::WithParamInterface<SteppedCase> {};

TEST_P(SteppedStack, IsRightOrMarkedAtEveryInstruction) {
    const SignalStack signal_stack;
    const Handler handler(SIGTRAP, on_step, GetParam().handler_flags);
    const CallShapes& shapes = GetParam().shapes;
    for (int i = 0; i < shapes.count; ++i) {
        const CallShape& shape = shapes.shapes[i];
        // Behind a signal frame libunwind 1.6 takes a call at the end of its function for the next one.
        if (std::string_view(shape.name) == "NoreturnCalls") continue;
        shape.run(do_nothing);  // binds what it calls: the loader's lazy binding has frames that end marked
        tally = {};

        set_trap_flag();
        shape.run(do_nothing);
        clear_trap_flag();

        EXPECT_GT(tally.steps, 20);
        EXPECT_GT(tally.equal, 20);
        EXPECT_EQ(tally.wrong, 0) << shape.name << '\n' << tally.first_wrong;
    }
}

INSTANTIATE_TEST_SUITE_P(AllFlags, SteppedStack,
                         testing::Values(SteppedCase{unoptimized_shapes(), SA_ONSTACK},
                                         SteppedCase{optimized_shapes(), SA_ONSTACK},
                                         SteppedCase{optimized_shapes(), 0}, SteppedCase{frame_pointer_shapes(), 0},
                                         SteppedCase{size_optimized_shapes(), 0}),
                         [](const auto& made) { return made.param.name(); });

/// A fiber's stack between two pages that cannot be read.
class Fiber {
public:
    explicit Fiber(void (*function)()) {
        memory_ = static_cast<char*>(mmap(nullptr, kBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        mprotect(memory_ + kPage, kBytes - 2 * kPage, PROT_READ | PROT_WRITE);
        getcontext(&context_);
        context_.uc_stack = {memory_ + kPage, 0, kBytes - 2 * kPage};
        context_.uc_link = &caller_;
        makecontext(&context_, function, 0);
    }
    ~Fiber() { munmap(memory_, kBytes); }
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    void enter() { swapcontext(&caller_, &context_); }
    void leave() { swapcontext(&context_, &caller_); }

private:
    static constexpr size_t kPage = 4096;
    static constexpr size_t kBytes = 64 * 1024;
    char* memory_;
    ucontext_t context_{};
    ucontext_t caller_{};
};

Fiber* current_fiber;

TEST_F(InterruptedStack, OfAFiberEqualsLibunwind) {
    Fiber fiber([] {
        optimized_shapes().shapes[0].run(visit);
        current_fiber->leave();
        unoptimized_shapes().shapes[0].run(visit);
    });
    current_fiber = &fiber;

    for (int i = 0; i < 2; ++i) {
        fiber.enter();
        // How a fiber ends is not in every libc's tables: as far as libunwind, and marked where needed.
        EXPECT_EQ(last.our_pcs(), last.reference_pcs()) << last.describe();
        EXPECT_GE(last.ours.depth, 4);
        EXPECT_TRUE(last.is_equal() || last.ours.flags == protocol::kStackIncomplete);
    }
}

TEST_F(InterruptedStack, OfAHandlerInAFiberEqualsLibunwind) {
    const SignalStack signal_stack;
    for (const int flags : {0, SA_ONSTACK}) {
        const Handler handler(
            SIGUSR1, [](int, siginfo_t*, void*) { visit(); }, flags);
        Fiber fiber([] { raise(SIGUSR1); });

        fiber.enter();

        EXPECT_EQ(last.our_pcs(), last.reference_pcs()) << last.describe();
        EXPECT_EQ(last.ours.flags & protocol::kStackHasSignal, protocol::kStackHasSignal);
    }
}

}  // namespace
