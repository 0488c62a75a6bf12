// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that lock files, or parts of them. fcntl is what else may be done with a
// descriptor as well: only two of its commands wait, all others pass through.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <unistd.h>

#include "preload/notes/brief_wait.h"
#include "preload/notes/takes.h"
#include "preload/real.h"
#include "preload/stacks/safe_read.h"

extern "C" {
__attribute__((visibility("hidden"))) extern void* loiter_real_fcntl;  // of real.cpp
__attribute__((visibility("hidden"))) extern void* loiter_real_fcntl64;
}

namespace preload {

namespace {

using protocol::FileLockKind;

WaitRequest file_lock(Function function, int file, FileLockKind kind, bool is_shared) {
    return {WaitKind::kFileLock, function, 0, 0, 0, protocol::file_lock_detail(file, kind, is_shared), 0};
}

bool asks_for_shared(const void* lock) {
    struct flock copy {};
    return copy_argument(lock, &copy, sizeof(copy)) && copy.l_type == F_RDLCK;
}

/// The kernel has just read `lock`.
void note_outcome(int file, FileLockKind kind, const struct flock* lock, const CallerFrame& caller) {
    lock->l_type == F_UNLCK ? note_give_back(protocol::taken_file(file, kind), caller)
                            : note_take(protocol::taken_file(file, kind), caller);
}

bool sets_lock(int command) {
    return command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW;
}

int control_file(void*& real_one, Function function, int file, int command, void* argument, const CallerFrame& caller) {
    if (__builtin_expect(real_one == nullptr, 0)) real::resolve_all();
    if (real_one == nullptr) {
        errno = ENOSYS;
        return -1;
    }
    // Whatever its type, the argument is one word.
    const auto call = [&] { return reinterpret_cast<int (*)(int, int, ...)>(real_one)(file, command, argument); };
    if (__builtin_expect(!sets_lock(command), 1)) return call();
    const bool is_process = command == F_SETLK || command == F_SETLKW;
    const FileLockKind kind = is_process ? FileLockKind::kProcess : FileLockKind::kOpenFile;
    int result;
    if (command == F_SETLK || command == F_OFD_SETLK) {
        result = call();
    } else {
        result = call_briefly(file_lock(function, file, kind, asks_for_shared(argument)), caller, call);
    }
    if (result == 0) note_outcome(file, kind, static_cast<const struct flock*>(argument), caller);
    return result;
}

template <typename Call>
int lock_part(Function function, int file, int command, const CallerFrame& caller, Call call) {
    const int result = command == F_LOCK
                           ? call_briefly(file_lock(function, file, FileLockKind::kProcess, false), caller, call)
                           : call();
    if (result != 0) return result;
    const uint64_t taken = protocol::taken_file(file, FileLockKind::kProcess);
    if (command == F_LOCK || command == F_TLOCK) note_take(taken, caller);
    if (command == F_ULOCK) note_give_back(taken, caller);
    return result;
}

}  // namespace

extern "C" {

EXPORTED int flock(int file, int operation) noexcept {
    const int lock = operation & (LOCK_SH | LOCK_EX);
    const auto call = [=] { return real::flock(file, operation); };
    const bool waits = lock != 0 && (operation & LOCK_NB) == 0;
    const int result = waits ? call_briefly(file_lock(Function::k_flock, file, FileLockKind::kFlock, lock == LOCK_SH),
                                            CALLER_FRAME, call)
                             : call();
    if (result == 0) {
        const uint64_t taken = protocol::taken_file(file, FileLockKind::kFlock);
        lock == 0 ? note_give_back(taken, CALLER_FRAME) : note_take(taken, CALLER_FRAME);
    }
    return result;
}

EXPORTED int fcntl(int file, int command, ...) {
    va_list list;
    va_start(list, command);
    void* const argument = va_arg(list, void*);
    va_end(list);
    return control_file(loiter_real_fcntl, Function::k_fcntl, file, command, argument, CALLER_FRAME);
}

EXPORTED int fcntl64(int file, int command, ...) {
    va_list list;
    va_start(list, command);
    void* const argument = va_arg(list, void*);
    va_end(list);
    return control_file(loiter_real_fcntl64, Function::k_fcntl64, file, command, argument, CALLER_FRAME);
}

EXPORTED int lockf(int file, int command, off_t length) {
    return lock_part(Function::k_lockf, file, command, CALLER_FRAME,
                     [=] { return real::lockf(file, command, length); });
}

EXPORTED int lockf64(int file, int command, off64_t length) {
    return lock_part(Function::k_lockf64, file, command, CALLER_FRAME,
                     [=] { return real::lockf64(file, command, length); });
}

}  // extern "C"

}  // namespace preload
