// SPDX-License-Identifier: Apache-2.0
//
// Limits on memory, and memory that is locked: what the recording has reserved and does not use counts, and is given
// back before it changes what the program's calls return.
#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "preload/notes/waits.h"
#include "preload/process/recording.h"
#include "preload/process/reservation.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/threads/this_thread.h"

namespace preload {

namespace {

static_assert(sizeof(rlimit) == sizeof(rlimit64));

/// A new limit on the address space: the recording becomes one that would fit it. A child of fork has left its
/// parent's by then, if only this call is seen of it. In a process that has given up system calls there are none but
/// the program's.
void make_room(pid_t pid, int resource, const volatile void* limit) {
    rlimit wanted{};
    if (resource != RLIMIT_AS || limit == nullptr || is_restricted() || this_thread() == nullptr ||
        (pid != 0 && pid != static_cast<pid_t>(raw_syscall(SYS_getpid))) ||
        !copy_argument(limit, &wanted, sizeof(wanted)) || wanted.rlim_cur == RLIM_INFINITY)
        return;
    shrink_reservation(wanted.rlim_cur / protocol::kAddressSpaceShare);
}

}  // namespace

extern "C" {

EXPORTED int setrlimit(__rlimit_resource_t resource, const rlimit* limit) noexcept {
    make_room(0, resource, limit);
    return real::setrlimit(resource, limit);
}

EXPORTED int setrlimit64(__rlimit_resource_t resource, const rlimit64* limit) noexcept {
    make_room(0, resource, limit);
    return real::setrlimit64(resource, limit);
}

EXPORTED int prlimit(pid_t pid, __rlimit_resource resource, const rlimit* limit, rlimit* before) noexcept {
    make_room(pid, resource, limit);
    return real::prlimit(pid, resource, limit, before);
}

EXPORTED int prlimit64(pid_t pid, __rlimit_resource resource, const rlimit64* limit, rlimit64* before) noexcept {
    make_room(pid, resource, limit);
    return real::prlimit64(pid, resource, limit, before);
}

/// Refused where all that is mapped is more than may be locked: then it is asked for again with less.
EXPORTED int mlockall(int flags) noexcept {
    const int before = errno;
    int result = real::mlockall(flags);
    if (result != 0 && errno == ENOMEM && this_thread() != nullptr && shrink_reservation(0)) {
        errno = before;
        result = real::mlockall(flags);
    }
    if (result == 0 && this_thread() != nullptr) unlock_reservation();
    return result;
}

}  // extern "C"

}  // namespace preload
