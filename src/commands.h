// SPDX-License-Identifier: Apache-2.0
//
// What each command does, from its options to its exit status.
#pragma once

#include "options.h"

namespace command {

/// Returns the exit status. Throws UsageError, reader::Error, launch::Error: one line each.
int execute(const Options& options);

}  // namespace command
