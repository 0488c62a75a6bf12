// SPDX-License-Identifier: Apache-2.0
//
// Where the locks of paired_waits.cpp lie: of each side one place for each thread.
#pragma once

#include <cstddef>

namespace paired {

inline constexpr size_t kThreads = 3;
inline constexpr size_t kStride = 128;  ///< a mutex first
inline constexpr size_t kSemaphoreAt = 64;

}  // namespace paired
