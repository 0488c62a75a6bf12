// SPDX-License-Identifier: Apache-2.0
//
// The root blockers: one line each that says whom it holds up, and the tree of waits below it.
#pragma once

#include <string>
#include <vector>

#include "render/sheet.h"

namespace render {

/// Those that hold up more than one thread; of a single waiter its own block tells all.
void print_roots(Sheet& sheet);

/// "300 for mutex g_table, 1 for join"
std::string share_words(const std::vector<analyze::WaitShare>& shares);

}  // namespace render
