// SPDX-License-Identifier: Apache-2.0
//
// The checking build (LOITER_CHECK_STACKS): every stack that was recalled is unwound as well and
// compared with the one that its id stands for. A difference is counted and, the first of them,
// printed; at the end one line says how many stacks were compared. For the project's own tests only.
#pragma once

#include <cstdint>

#include "preload/stack_capture.h"

namespace preload {

#ifdef LOITER_CHECK_STACKS
void check_recalled(uint32_t id, const CallerFrame& caller, StackLimits limits);
void count_walk();
#else
inline void check_recalled(uint32_t, const CallerFrame&, StackLimits) {}
inline void count_walk() {}
#endif

}  // namespace preload
