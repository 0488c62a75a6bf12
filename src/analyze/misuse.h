// SPDX-License-Identifier: Apache-2.0
//
// What a program did that it must not do. No verdict of its own: it tells why a finding came, or warns.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace analyze {

/// Those that were seen as they were done, and those that the threads show now: two mutexes with one
/// condition; locks held for longer than so many seconds. Not what a language's runtime does by itself.
std::vector<snapshot::Misuse> find_misuses(const snapshot::Snapshot& snapshot, std::optional<double> held_longer_than);

/// "T3 unlocked mutex g_m, which T2 held"
std::string misuse_words(const snapshot::Misuse& misuse);

/// "foreign-unlock"
std::string_view word(snapshot::MisuseKind kind);

}  // namespace analyze
