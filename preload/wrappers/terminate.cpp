// SPDX-License-Identifier: Apache-2.0
//
// Calls of std::terminate from outside of the C++ library: mostly of destructors of std::threads that can still be
// joined. What says so is the caller's code, which readers know; here is noted which thread it was, where the
// caller's registers or its frame lead to one alone. Exceptions that nobody catches do not come this way.
#include <dlfcn.h>
#include <stdlib.h>

#include "preload/notes/misuse.h"
#include "preload/ours.h"
#include "preload/process/recording.h"
#include "preload/real.h"
#include "preload/stacks/safe_read.h"
#include "preload/stacks/stack_capture.h"
#include "preload/threads/this_thread.h"
#include "preload/threads/thread_slots.h"

extern "C" {
void _ZSt9terminatev();
// Of real.cpp; null: there is no C++ library that we can see.
__attribute__((visibility("hidden"))) extern void* loiter_real__ZSt9terminatev;
__attribute__((visibility("hidden"))) void* loiter_terminates(const uintptr_t* registers);
}

namespace preload {

namespace {

using protocol::ThreadRecord;

constexpr size_t kRegisters = 15;           ///< as terminate_stub.S has pushed them
constexpr size_t kFramePointer = 8;         ///< of them, the place of rbp
constexpr uintptr_t kDestructorFrame = 64;  ///< more than an unoptimized ~thread() has
constexpr uintptr_t kLookedAt = 512;        ///< of the caller's stack

/// Which thread some words lead to.
class Search {
public:
    /// A std::thread is its pthread_t: the word itself, or what it points to.
    void look_at(uintptr_t word) {
        add(word);
        uintptr_t there = 0;
        if (word % sizeof(word) == 0 && word > kLowest && memory_.read(word, there)) add(there);
    }

    void look_at(uintptr_t from, uintptr_t to) {
        for (; from < to; from += sizeof(uintptr_t)) {
            uintptr_t word = 0;
            if (!memory_.read(from, word)) return;
            look_at(word);
        }
    }

    bool found_any() const { return threads_ != 0; }
    uint32_t only_one() const { return threads_ == 1 ? found_ : 0; }

private:
    static constexpr uintptr_t kLowest = 65536;

    void add(uintptr_t handle) {
        if (handle <= kLowest || handle % 16 != 0) return;
        const ThreadRecord* const thread = unjoined_record_of(handle);
        const uint32_t number = thread == nullptr ? 0 : thread->number.load(std::memory_order_relaxed);
        if (number == 0 || (threads_ == 1 && number == found_)) return;
        found_ = number;
        ++threads_;
    }

    SafeReader memory_;
    uint32_t threads_ = 0;
    uint32_t found_ = 0;
};

/// What is surest first: the frame of a destructor that was not inlined, the registers, the frame that it was inlined
/// into. 0: that leads to none, or to several.
uint32_t destroyed_thread(const uintptr_t* registers, const CallerFrame& caller) {
    if (caller.fp > caller.sp && caller.fp - caller.sp <= kDestructorFrame) {
        Search frame;
        frame.look_at(caller.sp, caller.fp);
        if (frame.found_any()) return frame.only_one();
    }
    Search in_registers;
    for (size_t i = 0; i < kRegisters; ++i) in_registers.look_at(registers[i]);
    if (in_registers.found_any()) return in_registers.only_one();
    Search stack;
    stack.look_at(caller.sp, caller.sp + kLookedAt);
    return stack.only_one();
}

void note(const uintptr_t* registers) {
    ThreadRecord* const self = this_thread();
    if (self == nullptr || process == nullptr || process->created_total.load(std::memory_order_relaxed) < 2) return;
    const auto sp = reinterpret_cast<uintptr_t>(registers + kRegisters + 1);
    const CallerFrame caller{registers[kRegisters], sp, registers[kFramePointer]};
    const uint32_t stack = capture_stack(caller, stack_limits(self));
    note_misuse(self, protocol::MisuseKind::kUnjoinedDestroyed, protocol::LockKind::kNone, 0, stack,
                destroyed_thread(registers, caller));
}

/// The C++ library came with one that only its opener sees.
void* terminate_of_caller(uintptr_t pc) {
    Dl_info library{};
    if (dladdr(reinterpret_cast<void*>(pc), &library) == 0 || library.dli_fname == nullptr) return nullptr;
    void* const opened = dlopen(library.dli_fname, RTLD_LAZY | RTLD_NOLOAD);
    void* const found = opened == nullptr ? nullptr : dlsym(opened, "_ZSt9terminatev");
    if (opened != nullptr) real::dlclose(opened);
    return found == reinterpret_cast<void*>(_ZSt9terminatev) ? nullptr : found;
}

}  // namespace

extern "C" void* loiter_terminates(const uintptr_t* registers) {
    note(registers);
    if (loiter_real__ZSt9terminatev == nullptr) real::resolve_all();
    void* found = loiter_real__ZSt9terminatev;
    if (found == nullptr) found = terminate_of_caller(registers[kRegisters]);
    return found != nullptr ? found : reinterpret_cast<void*>(abort);
}

}  // namespace preload
