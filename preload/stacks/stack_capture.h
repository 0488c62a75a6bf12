// SPDX-License-Identifier: Apache-2.0
//
// The calling thread's stack as an id. Runs in the target inside every wrapper and in signal
// handlers: no lock, no heap, no system call on the warm path, errno untouched. A stack is either
// right or marked (protocol::kStackIncomplete, kStackTruncated), never wrong.
#pragma once

#include <cstddef>
#include <cstdint>

namespace preload {

/// Where a wrapper was called from, taken in the wrapper itself by CALLER_FRAME.
struct CallerFrame {
    uintptr_t pc;  ///< return address of the wrapper
    uintptr_t sp;  ///< stack pointer of the caller after the return
    uintptr_t fp;  ///< the caller's rbp
};

/// The wrapper's own frame, which has all that is known of the caller. Wrappers that programs call all the time
/// keep this alone.
struct WrapperFrame {
    uintptr_t address;

    const uintptr_t* words() const { return reinterpret_cast<const uintptr_t*>(address); }
    CallerFrame caller() const { return {words()[1], address + 16, words()[0]}; }
};

/// Must stand in the wrapper, which keeps a frame pointer because of it.
#define WRAPPER_FRAME (preload::WrapperFrame{reinterpret_cast<uintptr_t>(__builtin_frame_address(0))})
#define CALLER_FRAME (WRAPPER_FRAME.caller())

/// The thread's own stack; addresses in it are read without a check. Either zero: not known.
struct StackLimits {
    uintptr_t low;
    uintptr_t high;
};

/// Interns the stack that `caller` describes, its pc as the innermost frame. 0: the table is full
/// (counted in ProcessRecord::stacks_lost), or there is no recording.
uint32_t capture_stack(const CallerFrame& caller, StackLimits limits);

/// A stack as plain program counters, before interning; what tests compare with libunwind.
struct RawStack {
    uintptr_t* pcs;  ///< room for protocol::kMaxFrames
    uint16_t depth;
    uint8_t flags;                ///< protocol::kStack*
    uint8_t exact;                ///< as in protocol::StackHeader
    bool interrupts_own = false;  ///< some handler interrupted the library's own code, which is not in the stack
};
void unwind(const CallerFrame& caller, StackLimits limits, RawStack& stack);

/// The library's own frame below the program's, of a start routine or an initializer of ours, or of a
/// wrapper that a signal handler interrupted: nobody's business, and left out of stacks.
bool is_our_code(uintptr_t pc);

/// The stack has room for a walk that begins at `sp`.
bool has_room_to_walk(uintptr_t sp, StackLimits limits);

/// Tells the frames of the library's own code that the stack passes through, however deep it is, from the innermost
/// on: the address that each goes on at, and its stack pointer then.
void visit_own_frames(const CallerFrame& caller, StackLimits limits, void (*visit)(void*, uintptr_t, uintptr_t),
                      void* argument);

/// A module was unloaded: nothing remembered about code addresses holds any more.
void forget_code();

/// Around the real dlclose: between them nothing is remembered about code addresses, and nothing
/// from before begin_unload is used again. end_unload includes forget_code. They may nest.
void begin_unload();
void end_unload();

}  // namespace preload
