// SPDX-License-Identifier: Apache-2.0
//
// What of memory can be read, asked without a fault: system calls only, errno untouched.
#include "preload/stacks/safe_read.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "preload/raw_syscall.h"

namespace preload {

namespace {

constexpr uintptr_t kPage = 4096;
constexpr uintptr_t kWord = sizeof(uintptr_t);

uintptr_t page_of(uintptr_t address) {
    return address & ~(kPage - 1);
}

}  // namespace

bool is_readable(uintptr_t address) {
    // The kernel copies the signal set in before it looks at `how`, and refuses this one: EINVAL
    // says that the copy went well, EFAULT that it did not, and the mask never changes.
    constexpr long kNoSuchHow = -1;
    return raw_syscall(SYS_rt_sigprocmask, kNoSuchHow, static_cast<long>(address), 0, kWord) == -EINVAL;
}

StackLimits stack_around(uintptr_t sp, StackLimits own) {
    // With one end alone a fiber's stack could not be told from the thread's.
    if (__builtin_expect(sp >= own.low && sp < own.high && own.low != 0, 1)) return own;
    stack_t signal_stack{};
    if (raw_syscall(SYS_sigaltstack, 0, as_argument(&signal_stack)) != 0) return {};
    const auto low = reinterpret_cast<uintptr_t>(signal_stack.ss_sp);
    const bool is_on_it = (signal_stack.ss_flags & SS_ONSTACK) != 0 && sp - low < signal_stack.ss_size;
    return is_on_it ? StackLimits{low, low + signal_stack.ss_size} : StackLimits{};
}

bool SafeReader::check(uintptr_t address) {
    const uintptr_t page = page_of(address);
    const bool crosses = page_of(address + kWord - 1) != page;
    if (page == good_page_ && !crosses) return true;
    if (!is_readable(address)) return false;
    good_page_ = page;
    return true;
}

bool SafeReader::copy(uintptr_t address, void* to, size_t bytes) {
    if (bytes == 0) return true;
    const uintptr_t last = address + bytes - 1;
    if (last < address) return false;
    for (uintptr_t page = page_of(address);; page += kPage) {
        if (!check(page)) return false;
        if (page == page_of(last)) break;
    }
    memcpy(to, reinterpret_cast<const void*>(address), bytes);
    return true;
}

}  // namespace preload
