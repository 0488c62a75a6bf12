// SPDX-License-Identifier: Apache-2.0
//
// libc's bits of a mutex' kind (nptl/pthreadP.h); they are ABI.
#pragma once

namespace preload {

inline constexpr int kTypeBits = 3;  ///< PTHREAD_MUTEX_NORMAL, ...
inline constexpr int kRobustBit = 16;
inline constexpr int kInheritanceBit = 32;
inline constexpr int kProtectionBit = 64;
inline constexpr int kSharedBit = 128;  ///< also of robust ones of one process

}  // namespace preload
