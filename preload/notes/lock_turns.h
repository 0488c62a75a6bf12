// SPDX-License-Identifier: Apache-2.0
//
// In which order the locks of one class are taken together: the first orders between locks that were initialized at one
// place, one after the other. A ring buffer whose parts have locks, of which each is taken while the one before is
// held, closes a ring of orders; that it goes around, and never does anything else, tells it from a table of
// philosophers.
#pragma once

#include <cstdint>

#include "protocol/layout.h"

namespace preload {

/// The log of both locks' class, counted from 1; 0: they are not of one class, or there is no room. O(1).
uint8_t turn_log_of(uint64_t held, uint64_t lock);

/// `lock` has been taken while `held` was held, and both still are: no later turn that needs either can come before.
/// The same one again, with nothing in between, is not noted. Returns whether there is room for more. O(1).
bool note_turn(uint8_t log, uint64_t held, uint64_t lock);

}  // namespace preload
