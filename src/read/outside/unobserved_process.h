// SPDX-License-Identifier: Apache-2.0
//
// A live process that has no recording, from /proc and its memory; it is only read.
#pragma once

#include <cstdint>

#include "read/look_options.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Throws Error: no such process, no right, a kernel thread, a program of another machine.
snapshot::Snapshot look_at_unobserved(uint32_t pid, LookOptions options);

}  // namespace reader
