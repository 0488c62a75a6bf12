// SPDX-License-Identifier: Apache-2.0
//
// Wrappers of the calls that wait for a child process. All are cancellation points.
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "preload/notes/brief_wait.h"
#include "preload/real.h"

namespace preload {

namespace {

constexpr pid_t kAny = -1;

/// `child` as waitpid takes it.
template <typename Call>
auto wait_for_child(Function function, int64_t child, int options, const CallerFrame& caller, Call call) {
    if ((options & WNOHANG) != 0) return call();
    return call_briefly({WaitKind::kChild, function, 0, 0, 0, static_cast<uint64_t>(child), 0}, caller, call);
}

int64_t child_of(idtype_t type, id_t id) {
    switch (type) {
        case P_PID: return static_cast<int64_t>(id);
        case P_PGID: return -static_cast<int64_t>(id);
        case P_PIDFD: return static_cast<int64_t>(protocol::kChildDescriptor | id);
        case P_ALL: return kAny;
    }
    return kAny;
}

}  // namespace

extern "C" {

EXPORTED pid_t wait(int* status) {
    return wait_for_child(Function::k_wait, kAny, 0, CALLER_FRAME, [=] { return real::wait(status); });
}

EXPORTED pid_t waitpid(pid_t child, int* status, int options) {
    return wait_for_child(Function::k_waitpid, child, options, CALLER_FRAME,
                          [=] { return real::waitpid(child, status, options); });
}

EXPORTED int waitid(idtype_t type, id_t id, siginfo_t* info, int options) {
    return wait_for_child(Function::k_waitid, child_of(type, id), options, CALLER_FRAME,
                          [=] { return real::waitid(type, id, info, options); });
}

EXPORTED pid_t wait3(int* status, int options, rusage* usage) noexcept {
    return wait_for_child(Function::k_wait3, kAny, options, CALLER_FRAME,
                          [=] { return real::wait3(status, options, usage); });
}

EXPORTED pid_t wait4(pid_t child, int* status, int options, rusage* usage) noexcept {
    return wait_for_child(Function::k_wait4, child, options, CALLER_FRAME,
                          [=] { return real::wait4(child, status, options, usage); });
}

/// The shell's number is known to libc alone.
EXPORTED int system(const char* command) {
    return wait_for_child(Function::k_system, kAny, 0, CALLER_FRAME, [=] { return real::system(command); });
}

EXPORTED int pclose(FILE* stream) {
    return wait_for_child(Function::k_pclose, kAny, 0, CALLER_FRAME, [=] { return real::pclose(stream); });
}

}  // extern "C"

}  // namespace preload
