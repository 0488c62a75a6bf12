// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/stopped_thread.h"

#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <future>
#include <iterator>
#include <optional>
#include <system_error>
#include <thread>

#include "read/kernel/proc.h"
#include "read/kernel/target_memory.h"

namespace reader {

namespace {

// A tenth of a millisecond where processors are free. A thread that wants one stops when it gets it, and has
// done nothing meanwhile; one that waits for a disk does not stop at all.
constexpr std::chrono::milliseconds kMostTimeForProcessor{2000};
constexpr std::chrono::milliseconds kMostTime{100};
constexpr std::chrono::microseconds kBetweenLooks{20};

/// Those that the kernel ends with EINTR, done with nothing, when a stop wakes them, some on sockets with
/// SO_RCVTIMEO or SO_SNDTIMEO only; all others it restarts by itself (signal(7)). Made again they wait as before.
constexpr long kEndedCalls[] = {
    SYS_epoll_wait,   SYS_epoll_pwait,   SYS_epoll_pwait2,   SYS_rt_sigtimedwait, SYS_semop,    SYS_semtimedop,
    SYS_io_getevents, SYS_io_pgetevents, SYS_io_uring_enter, SYS_recvfrom,        SYS_recvmsg,  SYS_recvmmsg,
    SYS_accept,       SYS_accept4,       SYS_sendto,         SYS_sendmsg,         SYS_sendmmsg, SYS_connect,
    SYS_read,         SYS_readv,         SYS_pread64,        SYS_preadv,          SYS_preadv2,  SYS_sendfile,
    SYS_write,        SYS_writev,        SYS_pwrite64,       SYS_pwritev,         SYS_pwritev2, SYS_splice,
};

/// Gone, or a zombie: it never stops.
bool has_ended(const std::optional<TaskStat>& stat) {
    return !stat || stat->state == 'Z' || stat->state == 'X';
}

bool seems_to_run(uint32_t pid, uint32_t tid) {
    constexpr size_t kLineBytes = 512;
    const auto call = parse_system_call(read_small_file(task_path(pid, tid, "syscall"), kLineBytes));
    return call && call->running;
}

/// In the order of the tables' numbers.
unwind::Registers registers_of(const user_regs_struct& regs) {
    unwind::Registers registers{regs.rip, regs.rsp};
    registers.frame_pointer = regs.rbp;
    registers.general = {regs.rax, regs.rdx, regs.rcx, regs.rbx, regs.rsi, regs.rdi, regs.rbp, regs.rsp,
                         regs.r8,  regs.r9,  regs.r10, regs.r11, regs.r12, regs.r13, regs.r14, regs.r15};
    registers.pc_is_exact = true;
    return registers;
}

/// One stop of one thread, made and ended by the calling thread.
class Tracer {
public:
    Tracer(uint32_t pid, uint32_t tid) : pid_(pid), tid_(tid) {}

    StopResult stop(bool only_running, const LookAtStopped& look) {
        if (only_running && !seems_to_run(pid_, tid_)) return {Stop::kAsleep};
        if (trace(PTRACE_SEIZE, nullptr) != 0) return refusal();
        // From here on this thread's end is enough to leave the other one alone.
        if (only_running && !seems_to_run(pid_, tid_)) return {Stop::kAsleep};
        if (trace(PTRACE_INTERRUPT, nullptr) != 0 || !await_stop()) return {Stop::kNot};
        user_regs_struct regs{};
        if (trace(PTRACE_GETREGS, &regs) != 0) return {Stop::kNot};
        const bool is_in_call = static_cast<long>(regs.orig_rax) >= 0;
        if (is_in_call) make_call_again(regs);
        if (!is_in_call && signal_ == 0) look(registers_of(regs), [this] { let_go(); });
        const bool was_looked_at = !is_in_call && signal_ == 0;
        let_go();
        return {was_looked_at ? Stop::kStopped : Stop::kInCall};
    }

private:
    template <typename Request>
    long trace(Request request, void* data) {
        return ptrace(request, static_cast<pid_t>(tid_), nullptr, data);
    }

    /// The kernel also refuses those that have ended.
    StopResult refusal() const {
        const int error = errno;
        if (error == ESRCH || has_ended(stat_of_task(pid_, tid_))) return {Stop::kNot};
        return {Stop::kRefused, error};
    }

    /// It may stop for a signal of its own first, which it must not lose. Its end is not ours to take:
    /// it may be a child of this process, which waits for it elsewhere.
    bool await_stop() {
        const auto start = std::chrono::steady_clock::now();
        siginfo_t stopped{};
        while (true) {
            if (waitid(P_PID, tid_, &stopped, WSTOPPED | WNOHANG | __WALL) != 0) return false;
            if (stopped.si_pid != 0) break;
            const std::optional<TaskStat> stat = stat_of_task(pid_, tid_);
            if (has_ended(stat)) return false;
            const auto most = stat->state == 'R' ? kMostTimeForProcessor : kMostTime;
            if (std::chrono::steady_clock::now() - start > most) return false;
            std::this_thread::sleep_for(kBetweenLooks);
        }
        is_stopped_ = true;
        // The event of a stop that was asked for is above the signal's number.
        if (stopped.si_status >> 8 == 0) signal_ = stopped.si_status;
        return true;
    }

    /// Right after the instruction, about to return EINTR for our sake: no signal is there to be handled.
    void make_call_again(user_regs_struct& regs) {
        const auto call = static_cast<long>(regs.orig_rax);
        if (static_cast<long>(regs.rax) != -EINTR || signal_ != 0) return;
        if (std::find(std::begin(kEndedCalls), std::end(kEndedCalls), call) == std::end(kEndedCalls)) return;
        constexpr std::array<unsigned char, 2> kInstruction = {0x0f, 0x05};
        std::array<unsigned char, 2> code{};
        const std::optional<TaskStatus> status = status_of_task(pid_, tid_);
        if (!status || status->pending != 0) return;
        if (read_memory(pid_, regs.rip - code.size(), code.data(), code.size()).bytes != code.size()) return;
        if (code != kInstruction) return;
        regs.rip -= code.size();
        regs.rax = regs.orig_rax;
        regs.orig_rax = static_cast<unsigned long long>(-1);
        trace(PTRACE_SETREGS, &regs);
    }

    void let_go() {
        if (!is_stopped_) return;
        is_stopped_ = false;
        ptrace(PTRACE_DETACH, static_cast<pid_t>(tid_), nullptr, static_cast<long>(signal_));
    }

    uint32_t pid_;
    uint32_t tid_;
    bool is_stopped_ = false;
    int signal_ = 0;  ///< that it stopped for, to be delivered when it goes on
};

StopResult stop_in_thread(uint32_t pid, uint32_t tid, bool only_running, const LookAtStopped& look) {
    std::future<StopResult> result;
    try {
        result = std::async(std::launch::async, [&] { return Tracer(pid, tid).stop(only_running, look); });
    } catch (const std::system_error& error) {  // no thread to be had
        return {Stop::kRefused, error.code().value()};
    }
    return result.get();
}

}  // namespace

StopResult stop_running_thread(uint32_t pid, uint32_t tid, const LookAtStopped& look) {
    return stop_in_thread(pid, tid, true, look);
}

StopResult stop_thread(uint32_t pid, uint32_t tid, const LookAtStopped& look) {
    return stop_in_thread(pid, tid, false, look);
}

}  // namespace reader
