// SPDX-License-Identifier: Apache-2.0
//
// What the calling thread's wrapper published of the system call that a signal has interrupted.
#pragma once

#include <sys/syscall.h>
#include <ucontext.h>

#include <cstdint>

#include "preload/real.h"
#include "preload/threads/this_thread.h"
#include "protocol/layout.h"

namespace preload {

/// The wait whose wrapper may have called, over libc's own short frames, what is interrupted at stack
/// pointer `sp`; null: none did. A signal's frame alone is larger, so the call of a handler that
/// interrupted the wait is not taken for it. A wait that longjmp left behind may be: what it says has to
/// match the call.
inline const protocol::Wait* published_wait(uintptr_t sp) {
    constexpr uint64_t kMostBetween = 768;
    const uintptr_t record = current_record;
    if (record == 0 || (record & 1) != 0) return nullptr;
    const protocol::Wait& wait = reinterpret_cast<const protocol::ThreadRecord*>(record)->wait;
    const uint64_t frame = wait.frame.load(std::memory_order_relaxed);
    const bool is_there = wait.kind.load(std::memory_order_relaxed) != protocol::WaitKind::kNone;
    return is_there && frame > sp && frame - sp < kMostBetween ? &wait : nullptr;
}

/// It was published for this very call of the system call futex, whose arguments `registers` has.
inline bool is_wait_of_futex_call(const protocol::Wait& wait, const greg_t* registers) {
    return wait.kind.load(std::memory_order_relaxed) == protocol::WaitKind::kFutex &&
           wait.object.load(std::memory_order_relaxed) == static_cast<uint64_t>(registers[REG_RDI]) &&
           wait.detail.load(std::memory_order_relaxed) ==
               protocol::futex_detail(static_cast<uint32_t>(registers[REG_RDX]),
                                      static_cast<uint32_t>(registers[REG_RSI]));
}

/// It was published for a call of this number, as far as its kind and function tell.
inline bool is_wait_of_call(const protocol::Wait& wait, long number, const greg_t* registers) {
    const protocol::WaitKind kind = wait.kind.load(std::memory_order_relaxed);
    const auto function = static_cast<Function>(wait.function.load(std::memory_order_relaxed));
    switch (number) {
        case SYS_nanosleep:
        case SYS_clock_nanosleep: return kind == protocol::WaitKind::kSleep;
        case SYS_futex: return is_wait_of_futex_call(wait, registers);
        case SYS_poll: return function == Function::k_poll || function == Function::k___poll_chk;
        case SYS_epoll_wait: return function == Function::k_epoll_wait;
        case SYS_epoll_pwait: return function == Function::k_epoll_pwait || function == Function::k_epoll_wait;
        case SYS_epoll_pwait2: return function == Function::k_epoll_pwait2;
        case SYS_rt_sigtimedwait: return function == Function::k_sigtimedwait;
        case SYS_semtimedop: return function == Function::k_semtimedop;
        default: return false;
    }
}

}  // namespace preload
