// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that lock files, or parts of them. fcntl is what else may be done with a
// descriptor as well: only two of its commands wait, all others pass through.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/file.h>
#include <unistd.h>

#include "preload/brief_wait.h"
#include "preload/real.h"
#include "preload/safe_read.h"

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

int control_file(void*& real_one, Function function, int file, int command, void* argument, const CallerFrame& caller) {
    if (__builtin_expect(real_one == nullptr, 0)) real::resolve_all();
    if (real_one == nullptr) {
        errno = ENOSYS;
        return -1;
    }
    // Whatever its type, the argument is one word.
    const auto call = [&] { return reinterpret_cast<int (*)(int, int, ...)>(real_one)(file, command, argument); };
    if (command != F_SETLKW && command != F_OFD_SETLKW) return call();
    const FileLockKind kind = command == F_SETLKW ? FileLockKind::kProcess : FileLockKind::kOpenFile;
    return call_briefly(file_lock(function, file, kind, asks_for_shared(argument)), caller, call);
}

}  // namespace

extern "C" {

EXPORTED int flock(int file, int operation) noexcept {
    const int lock = operation & (LOCK_SH | LOCK_EX);
    if (lock == 0 || (operation & LOCK_NB) != 0) return real::flock(file, operation);
    return call_briefly(file_lock(Function::k_flock, file, FileLockKind::kFlock, lock == LOCK_SH), CALLER_FRAME,
                        [=] { return real::flock(file, operation); });
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
    if (command != F_LOCK) return real::lockf(file, command, length);
    return call_briefly(file_lock(Function::k_lockf, file, FileLockKind::kProcess, false), CALLER_FRAME,
                        [=] { return real::lockf(file, command, length); });
}

EXPORTED int lockf64(int file, int command, off64_t length) {
    if (command != F_LOCK) return real::lockf64(file, command, length);
    return call_briefly(file_lock(Function::k_lockf64, file, FileLockKind::kProcess, false), CALLER_FRAME,
                        [=] { return real::lockf64(file, command, length); });
}

}  // extern "C"

}  // namespace preload
