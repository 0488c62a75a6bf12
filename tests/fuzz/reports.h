// SPDX-License-Identifier: Apache-2.0
//
// What must hold of all that is printed, whatever the target called its threads, functions, files and locks.
#pragma once

#include <string>

#include "snapshot/snapshot.h"
#include "tests/fuzz/target.h"

namespace fuzz {

/// Analyses the snapshot and prints it in every format. Each is well-formed UTF-8 without control characters,
/// and what it says it is: JSON, XML, one workflow command a line, ...
void expect_sound_reports(snapshot::Snapshot snapshot);

/// As text and JSON only, but for one input in four: there is more to try where it is done sooner.
void expect_sound_reports_mostly(Bytes input, snapshot::Snapshot snapshot);

/// Of a message for the user.
void expect_one_line(const std::string& message);

}  // namespace fuzz
