// SPDX-License-Identifier: Apache-2.0
//
// Entries that would silence findings, for a team to look over and keep.
#pragma once

#include <string>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace policy {

/// A comment, which says what was found, and an entry that fits this finding; empty where no entry can tell
/// it from others.
std::string write_suppression(const snapshot::Snapshot& snapshot, const analyze::Finding& finding);

}  // namespace policy
