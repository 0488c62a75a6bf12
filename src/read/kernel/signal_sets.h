// SPDX-License-Identifier: Apache-2.0
//
// Sets of signals as the kernel writes them: signal n at bit n - 1.
#pragma once

#include <cstdint>

namespace reader {

constexpr uint64_t bit_of(int signal) {
    return uint64_t{1} << (signal - 1);
}

// libc has these two for itself: to cancel threads, and to change the user of all of them.
inline constexpr uint64_t kSignalsOfLibc = bit_of(32) | bit_of(33);

}  // namespace reader
