// SPDX-License-Identifier: Apache-2.0
#include "preload/foreign_runtime.h"

#include <gnu/libc-version.h>

#include "preload/real.h"

// Where there is no such runtime there is no such function.
#pragma weak gnu_get_libc_version
extern "C" void __tsan_init() __attribute__((weak));

namespace preload {

bool must_stay_out() {
    return &gnu_get_libc_version == nullptr || &__tsan_init != nullptr;
}

/// AddressSanitizer ends a program that has a preloaded library before its own. It asks this function, where
/// the program has none of that name, what is to be different: it need not come first.
extern "C" EXPORTED const char* __asan_default_options() {
    return "verify_asan_link_order=0";
}

}  // namespace preload
