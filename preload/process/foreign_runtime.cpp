// SPDX-License-Identifier: Apache-2.0
#include "preload/process/foreign_runtime.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>

#include <cstdint>

#include "preload/real.h"
#include "preload/stacks/stack_capture.h"

// Where there is no such runtime there is no such function.
#pragma weak gnu_get_libc_version
extern "C" void __tsan_init() __attribute__((weak));

namespace preload {

constinit bool stays_out = false;

namespace {

/// The program finds the functions of another file of this library: of two that are preloaded the first one is at
/// work, and each wait would be published, and each end reported, twice.
bool is_second_copy() {
    const auto first = reinterpret_cast<uintptr_t>(dlsym(RTLD_DEFAULT, "loiter_api_is_active"));
    return first != 0 && !is_our_code(first);
}

/// Valgrind's documented way to be asked: a sequence that does nothing on a processor, with the request
/// RUNNING_ON_VALGRIND.
bool is_under_valgrind() {
    const volatile uint64_t request[6] = {0x1001, 0, 0, 0, 0, 0};
    uint64_t depth = 0;
    asm volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
                 : "+d"(depth)
                 : "a"(&request[0])
                 : "cc", "memory");
    return depth != 0;
}

}  // namespace

bool must_stay_out() {
    return &gnu_get_libc_version == nullptr || &__tsan_init != nullptr || is_under_valgrind() || is_second_copy();
}

/// AddressSanitizer ends a program that has a preloaded library before its own. It asks this function, where
/// the program has none of that name, what is to be different: it need not come first.
extern "C" EXPORTED const char* __asan_default_options() {
    return "verify_asan_link_order=0";
}

}  // namespace preload
