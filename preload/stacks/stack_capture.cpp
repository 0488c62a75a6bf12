// SPDX-License-Identifier: Apache-2.0
//
// The walk from a wrapper's caller outwards. Runs wherever a wrapper runs: no lock, no heap, little
// stack. Every step follows the module's own unwind table or ends the walk; nothing is guessed.
// O(frames); a frame met before costs a cache line and one or two loads from its stack.
#include "preload/stacks/stack_capture.h"

#include <signal.h>
#include <ucontext.h>

#include <type_traits>

#include "preload/process/recording.h"
#include "preload/report/report_signal.h"
#include "preload/stacks/cfi.h"
#include "preload/stacks/dwarf_expression.h"
#include "preload/stacks/modules.h"
#include "preload/stacks/rule_cache.h"
#include "preload/stacks/safe_read.h"
#include "preload/stacks/scratch_stack.h"
#include "preload/stacks/stack_check.h"
#include "preload/stacks/stack_recall.h"
#include "preload/stacks/stack_table.h"
#include "preload/threads/this_thread.h"

extern "C" {
// Bounds of the library's code, set where it is linked; null elsewhere.
__attribute__((weak, visibility("hidden"))) extern const char loiter_code_begin[];
__attribute__((weak, visibility("hidden"))) extern const char loiter_code_end[];
}

namespace preload {

// Absent where stacks are tried without the rest of the library.
extern __attribute__((weak)) decltype(shown_restorer) shown_restorer;

bool is_our_code(uintptr_t pc) {
    return pc >= reinterpret_cast<uintptr_t>(loiter_code_begin) && pc < reinterpret_cast<uintptr_t>(loiter_code_end);
}

namespace {

/// Below this much stack only one program counter is taken: a walk with cold caches needs up to a
/// third of it, and a signal handler may come on top.
constexpr uintptr_t kNeededStack = 8192;

constexpr uintptr_t kWord = sizeof(uintptr_t);

struct Frame : Registers {
    bool is_interrupted;  ///< by a signal: its pc is the next instruction, no return address
    StackLimits own;      ///< of the thread; the frame may lie elsewhere

    /// What the unwind tables are asked for: a call may be its function's last instruction.
    uintptr_t lookup_address() const { return is_interrupted ? pc : pc - 1; }
};

enum class Step : uint8_t { kCaller, kOutermost, kLost };

/// What the kernel laid on the stack for the handler; the trampoline finds it at its rsp.
__attribute__((noinline)) Step step_through_signal(Frame& frame, SafeReader& memory) {
    const auto saved = [&](int number, uintptr_t& value) {
        const size_t offset = offsetof(ucontext_t, uc_mcontext.gregs) + static_cast<size_t>(number) * sizeof(greg_t);
        return memory.read(frame.sp + offset, value);
    };
    Frame next{{0, 0, 0, true}, true, frame.own};
    if (!saved(REG_RIP, next.pc) || !saved(REG_RSP, next.sp) || !saved(REG_RBP, next.fp)) return Step::kLost;
    if (next.pc == 0) return Step::kLost;  // a call of null: who made it is not in any table
    memory.enter(next.sp, stack_around(next.sp, next.own));
    frame = next;
    return Step::kCaller;
}

Step finish_step(Frame& frame, uintptr_t cfa, uintptr_t return_address) {
    if (return_address == 0) return Step::kOutermost;
    frame.pc = return_address;
    frame.sp = cfa;
    frame.is_interrupted = false;
    return Step::kCaller;
}

/// For calls: the frame itself has no address, so the loop keeps it in registers.
template <typename Function>
__attribute__((always_inline)) inline Step through_copy(Frame& frame, Function function) {
    Frame copy = frame;
    const Step result = function(copy);
    frame = copy;
    return result;
}

template <typename Learner>
__attribute__((always_inline)) inline Step step_by_rule(FrameRule rule, Frame& frame, SafeReader& memory,
                                                        Learner& lesson) {
    uintptr_t cfa = 0;
    switch (rule.kind()) {
        case FrameRule::Kind::kFromStackPointer: cfa = frame.sp + rule.cfa_offset(); break;
        case FrameRule::Kind::kFromFramePointer:
            if (!frame.fp_known) return Step::kLost;
            lesson.use_frame_pointer(frame.fp);
            cfa = frame.fp + rule.cfa_offset();
            break;
        case FrameRule::Kind::kAtFramePointer:
            if (!frame.fp_known || !memory.read(frame.fp + rule.cfa_offset(), cfa)) return Step::kLost;
            lesson.use_frame_pointer(frame.fp);
            lesson.read_distance(frame.fp + rule.cfa_offset(), cfa);
            break;
        case FrameRule::Kind::kOutermost: return Step::kOutermost;
        case FrameRule::Kind::kSignalFrame:
            lesson.refuse();
            return through_copy(frame, [&](Frame& copy) { return step_through_signal(copy, memory); });
        case FrameRule::Kind::kUnknown: return Step::kLost;
    }
    uintptr_t return_address = 0;
    if (cfa <= frame.sp || !memory.read(cfa - kWord, return_address)) return Step::kLost;
    lesson.read_return_address(cfa - kWord, return_address);
    uintptr_t fp_address = 0;
    switch (rule.frame_pointer()) {
        case FrameRule::FramePointer::kSame: break;
        case FrameRule::FramePointer::kAtCfa:
            fp_address = cfa + rule.fp_offset();
            if (!memory.read(fp_address, frame.fp)) return Step::kLost;
            lesson.load_frame_pointer(fp_address);
            frame.fp_known = true;
            break;
        case FrameRule::FramePointer::kAtFramePointer:
            if (frame.fp_known) lesson.use_frame_pointer(frame.fp);
            fp_address = frame.fp + rule.fp_offset();
            if (!frame.fp_known || !memory.read(fp_address, frame.fp)) return Step::kLost;
            lesson.load_frame_pointer(fp_address);
            break;
        case FrameRule::FramePointer::kUndefined: frame.fp_known = false; break;
    }
    return finish_step(frame, cfa, return_address);
}

/// The caller's value of a register, by a rule of any shape.
bool find_saved(const RegisterRule& rule, const Frame& frame, uintptr_t cfa, SafeReader& memory, uintptr_t& value) {
    switch (rule.saved) {
        case Saved::kAtCfa: return memory.read(cfa + static_cast<uintptr_t>(rule.value), value);
        case Saved::kIsCfa: value = cfa + static_cast<uintptr_t>(rule.value); return true;
        case Saved::kAtExpression:
            return evaluate(rule.expression(), frame, &cfa, memory, value) && memory.read(value, value);
        case Saved::kIsExpression: return evaluate(rule.expression(), frame, &cfa, memory, value);
        case Saved::kSame:
        case Saved::kUndefined:
        case Saved::kElsewhere: return false;
    }
    return false;
}

/// For rows that no FrameRule can hold. Rare: hand-written assembly, PLT entries.
Step step_by_row(const FrameRow& row, Frame& frame, SafeReader& memory) {
    uintptr_t cfa = 0;
    if (row.sp.saved != Saved::kSame) return Step::kLost;
    if (row.cfa.is_expression) {
        if (!evaluate(row.cfa.expression(), frame, nullptr, memory, cfa)) return Step::kLost;
    } else if (row.cfa.base == kRsp) {
        cfa = frame.sp + static_cast<uintptr_t>(row.cfa.value);
    } else if (row.cfa.base == kRbp && frame.fp_known) {
        cfa = frame.fp + static_cast<uintptr_t>(row.cfa.value);
    } else {
        return Step::kLost;
    }
    uintptr_t return_address = 0;
    if (cfa <= frame.sp || !find_saved(row.return_address, frame, cfa, memory, return_address)) return Step::kLost;
    if (row.fp.saved != Saved::kSame) {
        frame.fp_known = find_saved(row.fp, frame, cfa, memory, frame.fp);
    }
    return finish_step(frame, cfa, return_address);
}

template <typename Learner>
__attribute__((noinline)) Step step_uncached(uintptr_t address, uint64_t epoch, Frame& frame, SafeReader& memory,
                                             Learner& lesson) {
    FrameRow row;
    const RowSearch search = find_frame_row(address, row);
    // Code outside of modules (made at run time) is not remembered: it may be anything next time.
    if (search == RowSearch::kNoModule) return Step::kLost;
    note_module_of(address);
    FrameRule rule = FrameRule::unknown();
    if (search == RowSearch::kFound && !FrameRule::pack(row, rule)) {
        lesson.refuse();
        return step_by_row(row, frame, memory);
    }
    cache_rule(address, epoch, rule);
    return step_by_rule(rule, frame, memory, lesson);
}

template <typename Learner>
__attribute__((always_inline)) inline Step step(uint64_t epoch, Frame& frame, SafeReader& memory, Learner& lesson) {
    const uintptr_t address = frame.lookup_address();
    const FrameRule rule = cached_rule(address, epoch);
    if (__builtin_expect(rule.is_set(), 1)) return step_by_rule(rule, frame, memory, lesson);
    if constexpr (Learner::kKnownRulesOnly) {
        lesson.give_up();
        return Step::kLost;
    }
    return through_copy(frame, [&](Frame& copy) { return step_uncached(address, epoch, copy, memory, lesson); });
}

/// Only `exact` can say that a pc is no return address, and only of one frame. The others are moved
/// by one, so that what a reader takes for the call before is the interrupted instruction.
uintptr_t recorded_pc(const Frame& frame, RawStack& stack) {
    if (!frame.is_interrupted) return frame.pc;
    stack.flags |= protocol::kStackHasSignal;
    if (stack.exact != 0) return frame.pc + 1;
    stack.exact = static_cast<uint8_t>(stack.depth + 1);
    return frame.pc;
}

/// Handlers of the program may return by code of ours, as far as it knows by libc's: that one; 0: it is not there.
uintptr_t program_restorer_at(uintptr_t pc) {
    const uintptr_t restorer = shown_restorer == nullptr ? pc : shown_restorer(pc);
    return restorer == pc ? 0 : restorer;
}

/// Then the frame before, which the handler returns to, is the one that has no return address.
void note_interrupted_own(RawStack& stack) {
    stack.flags |= protocol::kStackHasSignal;
    stack.interrupts_own = true;
    if (stack.exact != 0 || stack.depth == 0) return;
    stack.exact = static_cast<uint8_t>(stack.depth);
    stack.flags |= protocol::kStackInterruptedOwn;
}

InternedStack intern_or_count(const RawStack& stack) {
    // Read after the walk: every module that the stack passes through is loaded now.
    const InternedStack interned = intern_stack(stack, process->generation.load(std::memory_order_acquire));
    if (interned.id == 0) process->stacks_lost.fetch_add(1, std::memory_order_relaxed);
    return interned;
}

/// It finds what libc's finds.
template <typename Learner>
__attribute__((noinline)) Step step_over_restorer(Frame& frame, SafeReader& memory, Learner& lesson) {
    lesson.refuse();
    return through_copy(frame, [&](Frame& copy) { return step_through_signal(copy, memory); });
}

/// `around`: of the stack that `caller` is on; `own`: of the thread's own.
template <typename Learner>
void walk(const CallerFrame& caller, StackLimits around, StackLimits own, RawStack& stack, Learner&& lesson) {
    SafeReader memory;
    memory.enter(caller.sp, around);
    Frame frame{{caller.pc, caller.sp, caller.fp, true}, false, own};
    stack.depth = 0;
    stack.flags = 0;
    stack.exact = 0;
    stack.interrupts_own = false;
    const uint64_t epoch = code_epoch();
    for (;;) {
        uintptr_t restorer = 0;
        if (!is_our_code(frame.pc)) {
            const uintptr_t pc = recorded_pc(frame, stack);
            stack.pcs[stack.depth++] = pc;
        } else if (frame.is_interrupted) {
            note_interrupted_own(stack);
        } else if ((restorer = program_restorer_at(frame.pc)) != 0) {
            stack.pcs[stack.depth++] = restorer;
        } else {
            lesson.meet_own(frame.pc, frame.sp);
        }
        const Step result =
            restorer == 0 ? step(epoch, frame, memory, lesson) : step_over_restorer(frame, memory, lesson);
        if (result == Step::kOutermost) return;
        if (result == Step::kLost) {
            lesson.refuse();
            stack.flags |= protocol::kStackIncomplete;
            return;
        }
        if (stack.depth == std::remove_reference_t<Learner>::kMostFrames) {
            lesson.refuse();
            stack.flags |= protocol::kStackTruncated;
            if (!lesson.goes_on()) return;
            stack.depth = 0;
        }
    }
}

__attribute__((noinline)) uint32_t capture_whole(const CallerFrame& caller, StackLimits around, StackLimits own) {
    uintptr_t pcs[protocol::kMaxFrames];
    RawStack stack{pcs, 0, 0, 0};
    walk(caller, around, own, stack, NoLesson());
    return intern_or_count(stack).id;
}

/// The same on the thread's own stack, to be recalled next time. Not before the second one: most stacks that are rare
/// do not come again, and what a thread remembers a stack by is larger than the stack.
__attribute__((noinline)) uint32_t capture_and_learn(protocol::ThreadRecord* self, StackMemo& memo,
                                                     const CallerFrame& caller, StackLimits own) {
    count_walk();
    uintptr_t pcs[protocol::kMaxFrames];
    RawStack stack{pcs, 0, 0, 0};
    Lesson lesson(memo, caller, own);
    walk(caller, own, own, stack, lesson);
    const auto [id, is_new] = intern_or_count(stack);
    // Without an id there is nothing to recall: the next call may find room.
    if (id != 0 && !is_new && !lesson.keep(id)) make_room(self, memo);
    return id;
}

uint32_t capture_one(const CallerFrame& caller) {
    uintptr_t pc = caller.pc;
    note_module_of(pc - 1);
    return intern_or_count({&pc, 1, protocol::kStackIncomplete, 0}).id;
}

bool has_room_below(uintptr_t sp, StackLimits around) {
    return around.high == 0 || sp - around.low >= kNeededStack;
}

/// A walk that needs little stack: not deep, and nothing has to be looked up.
struct BriefWalk : NoLesson {
    static constexpr bool kKnownRulesOnly = true;
    static constexpr uint32_t kMostFrames = 24;
    void give_up() { gave_up = true; }
    bool goes_on() {
        give_up();
        return false;
    }
    bool gave_up = false;
};

/// False: it takes more than that.
__attribute__((noinline)) bool capture_briefly(const CallerFrame& caller, StackLimits own, uint32_t& id) {
    uintptr_t pcs[BriefWalk::kMostFrames];
    RawStack stack{pcs, 0, 0, 0};
    BriefWalk brief;
    walk(caller, {}, own, stack, brief);
    if (!brief.gave_up) id = intern_or_count(stack).id;
    return !brief.gave_up;
}

/// Of a fiber's stack, which ends nobody knows where. Two system calls are saved where the way is known.
__attribute__((noinline)) uint32_t capture_fiber(const CallerFrame& caller, StackLimits own) {
    uint32_t id = 0;
    if (!capture_briefly(caller, own, id)) on_scratch_stack([&] { id = capture_whole(caller, {}, own); });
    return id;
}

uint32_t capture_without_memo(const CallerFrame& caller, StackLimits limits) {
    count_walk();
    const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    const StackLimits around = stack_around(sp, limits);
    if (around.high == 0) return capture_fiber(caller, limits);
    return has_room_below(sp, around) ? capture_whole(caller, around, limits) : capture_one(caller);
}

/// Of a stack that the memo does not have yet.
uint32_t capture_unknown(protocol::ThreadRecord* self, StackMemo& memo, const CallerFrame& caller, StackLimits limits) {
    const auto sp = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    return has_room_below(sp, limits) ? capture_and_learn(self, memo, caller, limits) : capture_one(caller);
}

/// `Recall`: the memo has not been asked yet.
template <bool Recall>
__attribute__((always_inline)) inline uint32_t capture_by_memo(protocol::ThreadRecord* self, const CallerFrame& caller,
                                                               StackLimits limits, uintptr_t here) {
    if (process == nullptr) return 0;
    // The frame as well as its caller: whoever runs elsewhere is not the thread that the memo belongs
    // to (a raw clone has its creator's thread-local storage), or may be interrupted by it.
    const bool is_own = limits.low != 0 && here >= limits.low && caller.sp > here && caller.sp < limits.high;
    StackMemo* const memo = is_own && self != nullptr ? enter_memo(self, here, code_epoch()) : nullptr;
    if (memo == nullptr) {
        const uint32_t whole = capture_without_memo(caller, limits);
        check_walked(whole, caller);
        return whole;
    }
    uint32_t id = Recall ? recall(*memo, caller, limits.high - caller.sp) : 0;
    if (id != 0) {
        check_recalled(id, caller, limits);
    } else {
        id = capture_unknown(self, *memo, caller, limits);
        check_walked(id, caller);
    }
    leave_memo(self);
    return id;
}

}  // namespace

namespace detail {

uint32_t capture_slowly(protocol::ThreadRecord* self, const CallerFrame& caller, StackLimits limits, uintptr_t here) {
    return capture_by_memo<true>(self, caller, limits, here);
}

uint32_t capture_slowly(protocol::ThreadRecord* self, WrapperFrame frame) {
    return capture_by_memo<true>(self, frame.caller(), stack_limits(self), frame.address);
}

uint32_t capture_unseen(protocol::ThreadRecord* self, WrapperFrame frame) {
    return capture_by_memo<false>(self, frame.caller(), stack_limits(self), frame.address);
}

}  // namespace detail

void unwind(const CallerFrame& caller, StackLimits limits, RawStack& stack) {
    walk(caller, stack_around(caller.sp, limits), limits, stack, NoLesson());
}

bool has_room_to_walk(uintptr_t sp, StackLimits limits) {
    return has_room_below(sp, stack_around(sp, limits));
}

void visit_own_frames(const CallerFrame& caller, StackLimits limits, void (*visit)(void*, uintptr_t, uintptr_t),
                      void* argument) {
    struct Visitor : NoLesson {
        void meet_own(uintptr_t pc, uintptr_t sp) { tell(told, pc, sp); }
        bool goes_on() { return --rounds_left != 0; }
        void (*tell)(void*, uintptr_t, uintptr_t);
        void* told;
        uint32_t rounds_left = 2048;  // of kMaxFrames: more than fit the usual stack
    };
    uintptr_t pcs[protocol::kMaxFrames];
    RawStack stack{pcs, 0, 0, 0};
    Visitor visitor;
    visitor.tell = visit;
    visitor.told = argument;
    walk(caller, stack_around(caller.sp, limits), limits, stack, visitor);
}

uint32_t capture_stack(const CallerFrame& caller, StackLimits limits) {
    auto* const self = record_in(current_record);
    const uintptr_t here = WRAPPER_FRAME.address;
    const uint32_t id = self != nullptr ? recall_stack(self, caller, limits, here) : 0;
    if (__builtin_expect(id == 0, 0)) return detail::capture_slowly(self, caller, limits, here);
    check_recalled(id, caller, limits);
    return id;
}

}  // namespace preload
