// SPDX-License-Identifier: Apache-2.0
//
// What a child of fork holds: a copy of what who forked held, and the locks' own words say which of it is true here.
#pragma once

#include "protocol/layout.h"

namespace preload {

/// `self`: a copy of the record of who forked, which has gone on since. Leaves out what it took since, and what
/// processes share, as that is still the parent's alone. Where no word of the lock tells whether it is shared, the
/// hold is marked kHoldInherited.
void keep_inherited_holds(protocol::ThreadRecord* self);

}  // namespace preload
