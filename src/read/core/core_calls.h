// SPDX-License-Identifier: Apache-2.0
//
// The system call that a thread was in when it was dumped, by the registers that a core has of it: by then
// the kernel had ended the call, as for a signal.
#pragma once

#include <sys/user.h>

#include <cstddef>
#include <cstdint>
#include <functional>

#include "read/kernel/proc.h"

namespace reader {

/// Copies what a core has of the process' memory; returns how many bytes that is.
using ReadCore = std::function<size_t(uint64_t address, void* to, size_t bytes)>;

/// `running`: it was in none, or in one that had come to its own end.
SystemCall dumped_call(const user_regs_struct& registers, const ReadCore& read);

}  // namespace reader
