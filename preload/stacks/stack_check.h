// SPDX-License-Identifier: Apache-2.0
//
// The checking build (LOITER_CHECK_STACKS): every stack that was recalled is unwound as well and
// compared with the one that its id stands for, and every stack, recalled or walked, with libunwind's.
// Where the environment names a file in LOITER_CHECK_FILE, the process adds a line of counts to it at
// its end. For the project's own tests.
#pragma once

#include <cstdint>

#include "preload/stacks/stack_capture.h"
#include "protocol/layout.h"

namespace preload {

#ifdef LOITER_CHECK_STACKS
struct StackCounts {
    uint64_t recalled;
    uint64_t different;  ///< of the recalled: wrong
    uint64_t walked;
};
StackCounts stack_counts();

/// Whether libunwind, from the caller on, agrees with an interned stack, of which the library's own frames are left
/// out. Of bench/, which may use libunwind.
enum class Agreement { kSame, kUnlike, kNotComparable };
Agreement agreement_with_libunwind(const protocol::StackHeader& header, const CallerFrame& caller);

void check_recalled(uint32_t id, const CallerFrame& caller, StackLimits limits);
void check_recalled(uint32_t id, const CallerFrame& caller, const protocol::ThreadRecord* self);
void check_walked(uint32_t id, const CallerFrame& caller);
void count_walk();
#else
inline void check_recalled(uint32_t, const CallerFrame&, StackLimits) {}
inline void check_recalled(uint32_t, const CallerFrame&, const protocol::ThreadRecord*) {}
inline void check_walked(uint32_t, const CallerFrame&) {}
inline void count_walk() {}
#endif

}  // namespace preload
