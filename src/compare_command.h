// SPDX-License-Identifier: Apache-2.0
//
// The command `diff`.
#pragma once

#include "options.h"

namespace command {

/// Returns the exit status. Throws reader::Error where either side cannot be read.
int compare(const Options& options);

}  // namespace command
