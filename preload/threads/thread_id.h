// SPDX-License-Identifier: Apache-2.0
//
// Who the calling thread is to the kernel, asked or not.
#pragma once

#include <cstdint>

namespace preload {

/// The kernel's answer; where it must not be asked, noted_thread_id.
uint32_t thread_id();

/// What libc has noted of the thread: that of its creator in a child of vfork, and in a clone that shares its
/// creator's thread-local storage. No system call.
uint32_t noted_thread_id();

}  // namespace preload
