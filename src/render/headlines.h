// SPDX-License-Identifier: Apache-2.0
//
// The lines that say what is wrong, before any stack.
#pragma once

#include "render/sheet.h"

namespace render {

/// One for each finding that is more than a leftover thread.
void print_headlines(Sheet& sheet);

/// What the program did that it must not do.
void print_misuses(Sheet& sheet);

/// The two places of a lock-order inversion, which are no thread's present ones.
void print_lock_orders(Sheet& sheet);

}  // namespace render
