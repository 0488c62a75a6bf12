// SPDX-License-Identifier: Apache-2.0
//
// What a library holds in its program's name while the program's own code runs: true, and of no use to who
// reads a report, unless somebody waits for it. Needs symbolized frames.
#pragma once

#include "snapshot/snapshot.h"

namespace analyze {

/// The once of a std::future that is being made: std::async runs its function within one.
bool is_librarys_own(const snapshot::Snapshot& snapshot, const snapshot::Hold& hold);

}  // namespace analyze
