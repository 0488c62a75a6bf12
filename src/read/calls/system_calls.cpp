// SPDX-License-Identifier: Apache-2.0
#include "read/calls/system_calls.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>

#include <algorithm>

#include "read/calls/bounds.h"
#include "read/calls/futex.h"

namespace reader {

using protocol::WaitKind;
using snapshot::State;

namespace {

constexpr int kNone = -1;

/// A call that may wait for the outside world, under the name of its libc function.
struct IoCall {
    long number;
    const char* function;
    int descriptor;  ///< which argument is one; kNone: none
};

constexpr IoCall kIoCalls[] = {
    {SYS_read, "read", 0},
    {SYS_readv, "readv", 0},
    {SYS_pread64, "pread64", 0},
    {SYS_preadv, "preadv", 0},
    {SYS_preadv2, "preadv2", 0},
    {SYS_write, "write", 0},
    {SYS_writev, "writev", 0},
    {SYS_pwrite64, "pwrite64", 0},
    {SYS_pwritev, "pwritev", 0},
    {SYS_pwritev2, "pwritev2", 0},
    {SYS_recvfrom, "recvfrom", 0},
    {SYS_recvmsg, "recvmsg", 0},
    {SYS_recvmmsg, "recvmmsg", 0},
    {SYS_sendto, "sendto", 0},
    {SYS_sendmsg, "sendmsg", 0},
    {SYS_sendmmsg, "sendmmsg", 0},
    {SYS_accept, "accept", 0},
    {SYS_accept4, "accept4", 0},
    {SYS_connect, "connect", 0},
    {SYS_poll, "poll", kNone},
    {SYS_ppoll, "ppoll", kNone},
    {SYS_select, "select", kNone},
    {SYS_pselect6, "pselect", kNone},
    {SYS_epoll_wait, "epoll_wait", 0},
    {SYS_epoll_pwait, "epoll_pwait", 0},
    {SYS_epoll_pwait2, "epoll_pwait2", 0},
    {SYS_io_getevents, "io_getevents", kNone},
    {SYS_io_pgetevents, "io_pgetevents", kNone},
    {SYS_io_submit, "io_submit", kNone},
    {SYS_io_uring_enter, "io_uring_enter", 0},
    {SYS_msgrcv, "msgrcv", kNone},
    {SYS_msgsnd, "msgsnd", kNone},
    {SYS_semop, "semop", kNone},
    {SYS_semtimedop, "semtimedop", kNone},
    {SYS_mq_timedreceive, "mq_timedreceive", 0},
    {SYS_mq_timedsend, "mq_timedsend", 0},
    {SYS_splice, "splice", 0},
    {SYS_tee, "tee", 0},
    {SYS_vmsplice, "vmsplice", 0},
    {SYS_sendfile, "sendfile", 1},
    {SYS_copy_file_range, "copy_file_range", 0},
    {SYS_fsync, "fsync", 0},
    {SYS_fdatasync, "fdatasync", 0},
    {SYS_sync_file_range, "sync_file_range", 0},
    {SYS_sync, "sync", kNone},
    {SYS_syncfs, "syncfs", 0},
    {SYS_fallocate, "fallocate", 0},
    {SYS_ftruncate, "ftruncate", 0},
    {SYS_open, "open", kNone},
    {SYS_openat, "openat", kNone},
    {SYS_openat2, "openat2", kNone},
    {SYS_creat, "creat", kNone},
    {SYS_close, "close", 0},
    {SYS_ioctl, "ioctl", 0},
    {SYS_getdents64, "getdents64", 0},
    {SYS_stat, "stat", kNone},
    {SYS_lstat, "lstat", kNone},
    {SYS_fstat, "fstat", 0},
    {SYS_newfstatat, "fstatat", kNone},
    {SYS_statx, "statx", kNone},
    {SYS_getrandom, "getrandom", kNone},
};

KernelWait in_state(State state, bool timed = false) {
    KernelWait wait;
    wait.state = state;
    wait.timed = timed;
    return wait;
}

KernelWait file_lock(const SystemCall& call) {
    KernelWait wait = in_state(State::kFileLock);
    wait.descriptor = static_cast<int>(call.arguments[0]);
    return wait;
}

KernelWait io(const SystemCall& call) {
    const auto* const found = std::find_if(std::begin(kIoCalls), std::end(kIoCalls),
                                           [&](const IoCall& known) { return known.number == call.number; });
    if (found == std::end(kIoCalls)) return {};  // short calls of all sorts
    KernelWait wait = in_state(State::kIo);
    wait.io_function = found->function;
    wait.timed = is_bounded(call);
    if (found->descriptor != kNone) {
        wait.descriptor = static_cast<int>(call.arguments[static_cast<size_t>(found->descriptor)]);
    }
    return wait;
}

/// The kernel does not say which futexes futex_waitv waits for.
bool waits_for_futex(const SystemCall& call, uint64_t futex) {
    return !call.running && (call.number == SYS_futex_waitv || (is_futex_wait(call) && call.arguments[0] == futex));
}

bool lies_in(uint64_t futex, uint64_t object, uint64_t bytes) {
    return futex >= object && futex - object < bytes;
}

/// Where the kernel refuses a priority-inheriting mutex that can never be had, libc waits for ever
/// on a word of its own frame.
bool is_for_ever(const SystemCall& call) {
    constexpr uint64_t kFrameBytes = 1024;
    return call.arguments[3] == 0 && lies_in(call.arguments[0], call.stack_pointer, kFrameBytes);
}

}  // namespace

uint64_t awaited_futex(const SystemCall& call) {
    return !call.running && is_futex_wait(call) ? call.arguments[0] : 0;
}

bool is_untimed_futex_wait(const SystemCall& call, bool private_only) {
    if (awaited_futex(call) == 0 || call.arguments[3] != 0) return false;
    return !private_only || (call.arguments[1] & FUTEX_PRIVATE_FLAG) != 0;
}

KernelWait kernel_wait(const SystemCall& call) {
    if (call.running) return {};
    if (call.awaits_new_child) return in_state(State::kChildWait);
    switch (call.number) {
        case SYS_futex: {
            if (!is_futex_wait(call)) return {};
            KernelWait wait = in_state(State::kFutex, call.arguments[3] != 0);
            wait.futex = call.arguments[0];
            return wait;
        }
        case SYS_futex_waitv: return in_state(State::kFutex, call.arguments[3] != 0);
        case SYS_nanosleep:
        case SYS_clock_nanosleep:
        case SYS_restart_syscall:  // of a bounded wait, most likely a sleep, after a stop
            return in_state(State::kSleep, true);
        case SYS_wait4:
        case SYS_waitid: return in_state(State::kChildWait);
        case SYS_flock: return file_lock(call);
        case SYS_fcntl:
            return call.arguments[1] == F_SETLKW || call.arguments[1] == F_OFD_SETLKW ? file_lock(call) : KernelWait{};
        case SYS_pause:
        case SYS_rt_sigsuspend: return in_state(State::kSignalWait);
        case SYS_rt_sigtimedwait: return in_state(State::kSignalWait, call.arguments[2] != 0);
        default: return io(call);
    }
}

bool agrees(const SystemCall& call, WaitKind kind, uint64_t object) {
    const bool is_restarted = call.number == SYS_restart_syscall;
    const uint64_t futex = awaited_futex(call);
    switch (kind) {
        case WaitKind::kMutex: return is_restarted || (futex != 0 && (futex == object || is_for_ever(call)));
        case WaitKind::kRwlockRead:
        case WaitKind::kRwlockWrite: return is_restarted || lies_in(futex, object, sizeof(pthread_rwlock_t));
        case WaitKind::kCondition:
        case WaitKind::kSemaphore:
        case WaitKind::kBarrier:
        case WaitKind::kJoin:
        case WaitKind::kOnce: return is_restarted || futex != 0;
        case WaitKind::kFutex: return is_restarted || waits_for_futex(call, object);
        case WaitKind::kSleep: return !call.running && kernel_wait(call).state == State::kSleep;
        case WaitKind::kIo:
        case WaitKind::kFileLock:
        case WaitKind::kChild:
        case WaitKind::kSignal: return !call.running;
        case WaitKind::kSpin:
        case WaitKind::kCustomLock:  // it waits as it likes
        case WaitKind::kNone: return true;
    }
    return true;
}

}  // namespace reader
