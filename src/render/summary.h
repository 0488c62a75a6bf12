// SPDX-License-Identifier: Apache-2.0
//
// The first and the last lines of the text report.
#pragma once

#include "render/sheet.h"

namespace render {

/// Which process, how it ended or that it runs, what was found; notes and losses below.
void print_head(Sheet& sheet);

/// "FAILED: 1 deadlock, 3 blocked threads"
void print_verdict(Sheet& sheet);

}  // namespace render
