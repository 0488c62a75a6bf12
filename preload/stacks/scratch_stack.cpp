// SPDX-License-Identifier: Apache-2.0
//
// A few stacks that stay, for whoever comes; more are mapped where all of them are taken. Whoever is killed on one
// (a child of vfork) leaves it taken for good: the others go on without it.
#include "preload/stacks/scratch_stack.h"

#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"

extern "C" __attribute__((visibility("hidden"))) void loiter_call_on_stack(char* end, void (*function)(void*),
                                                                           void* argument);

namespace preload {

namespace {

constexpr size_t kKept = 4;  ///< untouched ones take no memory, but where a program locks all of its own

alignas(64) constinit char stacks[kKept][kScratchBytes]{};
constinit std::atomic<bool> taken[kKept]{};

/// kKept: there is none.
size_t take_stack() {
    size_t i = 0;
    // Acquire pairs with the release of the one before, whose frames are overwritten.
    while (i < kKept &&
           (taken[i].load(std::memory_order_relaxed) || taken[i].exchange(true, std::memory_order_acquire)))
        ++i;
    return i;
}

bool call_on_mapping(void (*function)(void*), void* argument) {
    constexpr long kProtection = PROT_READ | PROT_WRITE;
    if (is_restricted()) return false;
    const long low = raw_syscall(SYS_mmap, 0, kScratchBytes, kProtection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (low < 0 && low > -4096) return false;
    loiter_call_on_stack(reinterpret_cast<char*>(low) + kScratchBytes, function, argument);
    raw_syscall(SYS_munmap, low, kScratchBytes);
    return true;
}

void call_elsewhere(void (*function)(void*), void* argument) {
    const size_t i = take_stack();
    if (i < kKept) {
        loiter_call_on_stack(stacks[i] + kScratchBytes, function, argument);
        taken[i].store(false, std::memory_order_release);
    } else if (!call_on_mapping(function, argument)) {
        function(argument);
    }
}

}  // namespace

void on_scratch_stack(void (*function)(void*), void* argument) {
    const uint64_t all = ~uint64_t{0};
    uint64_t before = 0;
    constexpr long kBytes = sizeof(all);
    if (raw_syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_argument(&all), as_argument(&before), kBytes) != 0)
        return function(argument);
    call_elsewhere(function, argument);
    // Made also where the program has given up system calls meanwhile.
    forwarded_syscall(SYS_rt_sigprocmask, SIG_SETMASK, as_argument(&before), 0, kBytes);
}

void free_scratch_stacks() {
    for (std::atomic<bool>& one : taken) one.store(false, std::memory_order_relaxed);
}

}  // namespace preload
