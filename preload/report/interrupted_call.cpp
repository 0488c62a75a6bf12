// SPDX-License-Identifier: Apache-2.0
//
// The call is made again by resumed_call.S, with what is left of its time and of its bytes. Calls with
// a relative timeout go on with what remains of it: a wrapper has published until when. A call that
// none saw gets its time anew, once, however often it is interrupted.
//
// A signal of the program that would end the call must still do so. If it is pending behind ours we
// see that; if its handler ran before ours, or runs before the call has begun again, the restorers
// of resumed_call.S tell.
#include "preload/report/interrupted_call.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "preload/notes/published_wait.h"
#include "preload/process/clock.h"
#include "preload/process/recording.h"
#include "preload/raw_syscall.h"
#include "preload/report/call_number.h"
#include "preload/report/kernel_action.h"
#include "preload/report/pauses.h"
#include "preload/report/resumed_call.h"
#include "preload/report/short_count.h"
#include "preload/stacks/safe_read.h"

namespace preload {

namespace {

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uintptr_t kRedZone = 128;

/// A call's relative timeout that the kernel does not write back.
struct Timeout {
    long number;
    int argument;  ///< of the context; RAX: it has none
    enum class Unit { kNone, kMilliseconds, kTime } unit;
};

Timeout timeout_of(long number) {
    using Unit = Timeout::Unit;
    constexpr Timeout kTimeouts[] = {
        {SYS_poll, REG_RDX, Unit::kMilliseconds},
        {SYS_epoll_wait, REG_R10, Unit::kMilliseconds},
        {SYS_epoll_pwait, REG_R10, Unit::kMilliseconds},
        {SYS_epoll_pwait2, REG_R10, Unit::kTime},
        {SYS_nanosleep, REG_RDI, Unit::kTime},
        {SYS_clock_nanosleep, REG_RDX, Unit::kTime},
        {SYS_futex, REG_R10, Unit::kTime},
        {SYS_rt_sigtimedwait, REG_RDX, Unit::kTime},
        {SYS_semtimedop, REG_R10, Unit::kTime},
        {SYS_io_getevents, REG_R8, Unit::kTime},
        {SYS_io_pgetevents, REG_R8, Unit::kTime},

    };
    for (const Timeout& timeout : kTimeouts) {
        if (timeout.number == number) return timeout;
    }
    return {number, REG_RAX, Unit::kNone};
}

/// Absolute times need nothing; those of ppoll, select and pselect the kernel brings up to date itself.
bool is_relative(long number, const greg_t* registers) {
    if (number == SYS_clock_nanosleep) return (registers[REG_RSI] & TIMER_ABSTIME) == 0;
    if (number == SYS_futex) return (registers[REG_RSI] & FUTEX_CMD_MASK) == FUTEX_WAIT;
    return true;
}

bool read_time(greg_t address, timespec& time) {
    SafeReader reader;
    return address != 0 && reader.copy(static_cast<uintptr_t>(address), &time, sizeof(time)) && time.tv_sec >= 0 &&
           time.tv_nsec >= 0 && static_cast<uint64_t>(time.tv_nsec) < kSecond;
}

/// 0: the call has no relative timeout, or an invalid one.
uint64_t deadline_from(uint64_t now, const timespec& time) {
    constexpr time_t kMost = 4'000'000'000;  // keeps the sum in range
    return now + static_cast<uint64_t>(time.tv_sec < kMost ? time.tv_sec : kMost) * kSecond +
           static_cast<uint64_t>(time.tv_nsec);
}

/// Where the kernel writes what is left of an interrupted sleep.
greg_t remainder_of(long number, const greg_t* registers) {
    return number == SYS_nanosleep ? registers[REG_RSI] : number == SYS_clock_nanosleep ? registers[REG_R10] : 0;
}

/// Until when the call may go on; 0: as its arguments say.
uint64_t deadline_of_call(long number, const greg_t* registers) {
    const Timeout timeout = timeout_of(number);
    if (timeout.unit == Timeout::Unit::kNone || !is_relative(number, registers)) return 0;
    timespec time{};
    const auto milliseconds = static_cast<int>(registers[timeout.argument]);
    if (timeout.unit == Timeout::Unit::kMilliseconds) {
        if (milliseconds < 0) return 0;
        time = {milliseconds / 1000, milliseconds % 1000 * static_cast<long>(kMillisecond)};
    } else if (!read_time(registers[timeout.argument], time)) {
        return 0;
    }
    const uint64_t now = now_ns();
    timespec left{};
    if (read_time(remainder_of(number, registers), left)) return deadline_from(now, left);
    const protocol::Wait* const wait = published_wait(static_cast<uintptr_t>(registers[REG_RSP]));
    const bool is_its = wait != nullptr && is_wait_of_call(*wait, number, registers);
    const uint64_t published = is_its ? wait->deadline_ns.load(std::memory_order_relaxed) : 0;
    return published != 0 ? published : deadline_from(now, time);
}

/// Puts what is left into the argument of the call that `call` makes.
void set_time_left(ResumedCall& call, greg_t* registers) {
    if (call.deadline_ns == 0) return;
    const uint64_t now = now_ns();
    const uint64_t left = call.deadline_ns > now ? call.deadline_ns - now : 0;
    const Timeout timeout = timeout_of(call.number);
    if (timeout.unit == Timeout::Unit::kMilliseconds) {
        registers[timeout.argument] = static_cast<greg_t>((left + kMillisecond - 1) / kMillisecond);
        return;
    }
    call.time = {static_cast<time_t>(left / kSecond), static_cast<long>(left % kSecond)};
    registers[timeout.argument] = as_argument(&call.time);
}

/// The kernel's own list of what a handler with SA_RESTART lets go on; see signal(7).
bool restarts_by_itself(long number, const greg_t* registers) {
    const auto has_time_limit = [&](int option) {
        timeval limit{};
        uint32_t bytes = sizeof(limit);
        return raw_syscall(SYS_getsockopt, registers[REG_RDI], SOL_SOCKET, option, as_argument(&limit),
                           as_argument(&bytes)) == 0 &&
               (limit.tv_sec != 0 || limit.tv_usec != 0);
    };
    switch (number) {
        case SYS_read:
        case SYS_readv:
        case SYS_recvfrom:
        case SYS_recvmsg:
        case SYS_recvmmsg:
        case SYS_accept:
        case SYS_accept4: return !has_time_limit(SO_RCVTIMEO);
        case SYS_write:
        case SYS_writev:
        case SYS_sendto:
        case SYS_sendmsg:
        case SYS_sendmmsg:
        case SYS_connect: return !has_time_limit(SO_SNDTIMEO);
        case SYS_futex: return registers[REG_R10] == 0;
        case SYS_ioctl:
        case SYS_open:
        case SYS_openat:
        case SYS_wait4:
        case SYS_waitid:
        case SYS_flock:
        case SYS_fcntl:
        case SYS_mq_timedsend:
        case SYS_mq_timedreceive:
        case SYS_getrandom: return true;
        default: return false;
    }
}

/// A signal with a handler of the program waits behind ours, and would end the call without us.
bool is_interrupted_by_program(long number, const ucontext_t& context) {
    uint64_t pending = 0;
    uint64_t blocked = 0;
    raw_syscall(SYS_rt_sigpending, as_argument(&pending), sizeof(pending));
    __builtin_memcpy(&blocked, &context.uc_sigmask, sizeof(blocked));
    pending &= ~blocked;
    for (int signal = 1; pending != 0; ++signal, pending >>= 1) {
        if ((pending & 1) == 0) continue;
        KernelAction action{};
        change_kernel_action(signal, nullptr, &action);
        // What is ignored is pending only because we have blocked it.
        if (action.handler == reinterpret_cast<uintptr_t>(SIG_DFL) ||
            action.handler == reinterpret_cast<uintptr_t>(SIG_IGN)) {
            continue;
        }
        if ((action.flags & SA_RESTART) == 0 || !restarts_by_itself(number, context.uc_mcontext.gregs)) return true;
    }
    return false;
}

/// Memory that stays untouched while the call runs: the siginfo of this handler's frame, which the
/// kernel does not read again; on another signal stack, which the program may need meanwhile, room
/// below the interrupted frame instead. Null: no room.
ResumedCall* place_for_call(siginfo_t* info, const ucontext_t& context) {
    static_assert(sizeof(ResumedCall) <= sizeof(siginfo_t));
    const auto low = reinterpret_cast<uintptr_t>(context.uc_stack.ss_sp);
    const uintptr_t bytes = context.uc_stack.ss_size;
    const auto sp = static_cast<uintptr_t>(context.uc_mcontext.gregs[REG_RSP]);
    if (reinterpret_cast<uintptr_t>(info) - low >= bytes || sp - low < bytes) {
        return reinterpret_cast<ResumedCall*>(info);
    }
    const uintptr_t place = (sp - kRedZone - sizeof(ResumedCall)) & ~uintptr_t{15};
    return is_readable(place) && is_readable(place + sizeof(ResumedCall) - 8) ? reinterpret_cast<ResumedCall*>(place)
                                                                              : nullptr;
}

void make_again(long number, greg_t* registers) {
    registers[REG_RIP] -= 2;
    registers[REG_RAX] = number;
}

/// The arguments of what is left of a transfer.
void skip_moved(ResumedCall& call, greg_t* registers) {
    call.moved += registers[REG_RAX];
    registers[REG_RSI] += registers[REG_RAX];
    registers[REG_RDX] -= registers[REG_RAX];
}

/// Already in resumed_call.S: only the time is less, or the rest.
void resume_again(ucontext_t& context) {
    greg_t* const registers = context.uc_mcontext.gregs;
    auto& call = *reinterpret_cast<ResumedCall*>(registers[REG_RSP]);
    const bool was_cut_short = is_cut_short(call.number, registers);
    if (registers[REG_RAX] != -EINTR && !was_cut_short) return;
    if (is_interrupted_by_program(call.number, context)) return;
    if (was_cut_short) skip_moved(call, registers);
    set_time_left(call, registers);
    make_again(call.number, registers);
}

void resume_elsewhere(long number, uint64_t deadline_ns, ResumedCall& call, ucontext_t& context) {
    greg_t* const registers = context.uc_mcontext.gregs;
    call = {registers[REG_RDI],
            registers[REG_RSI],
            registers[REG_RDX],
            registers[REG_R10],
            registers[REG_R8],
            registers[REG_R9],
            registers[REG_RIP],
            registers[REG_RSP],
            {},
            deadline_ns,
            number,
            restarts_by_itself(number, registers) ? 1U : 0U,
            0};
    if (registers[REG_RAX] > 0) skip_moved(call, registers);
    set_time_left(call, registers);
    registers[REG_RSP] = as_argument(&call);
    registers[REG_RIP] = as_argument(loiter_resumed_call);
    registers[REG_RAX] = call.number;
}

}  // namespace

void resume_interrupted_call(siginfo_t* info, ucontext_t& context) {
    greg_t* const registers = context.uc_mcontext.gregs;
    const bool was_interrupted = registers[REG_RAX] == -EINTR;
    if (registers[REG_RAX] <= 0 && !was_interrupted) return;
    if (registers[REG_RCX] == as_argument(loiter_program_restorer)) return;  // by the program's own signal
    if (registers[REG_RIP] == as_argument(loiter_resumed_call_return)) {
        resume_again(context);
        return;
    }
    const long number = interrupted_call_number(context);
    if (number < 0 || (!was_interrupted && !is_cut_short(number, registers))) return;
    // The descriptor of an interrupted close is closed, and may be another's by now.
    if (number == SYS_close || number == SYS_close_range) return;
    if (is_interrupted_by_program(number, context)) return;
    if (ResumedCall* const call = place_for_call(info, context)) {
        resume_elsewhere(number, was_interrupted ? deadline_of_call(number, registers) : 0, *call, context);
    } else if (was_interrupted) {
        make_again(number, registers);
    }
}

}  // namespace preload
