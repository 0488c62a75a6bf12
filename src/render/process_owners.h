// SPDX-License-Identifier: Apache-2.0
//
// What is known of the threads of other processes that hold up a thread of this one.
#pragma once

#include "render/sheet.h"

namespace render {

/// Who took it, where, and what it does now; nothing for a process without a recording.
void print_process_owners(Sheet& sheet, const snapshot::Thread& waiter);

}  // namespace render
