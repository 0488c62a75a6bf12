// SPDX-License-Identifier: Apache-2.0
//
// How messages name threads, locks and verdicts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace analyze {

/// "T2".
std::string thread_words(uint32_t id);
/// "T2", "T2 and T3", "T2, T3 and 17 more".
std::string thread_words(const std::vector<uint32_t>& ids);
/// "mutex g_ledger", or its address where it has no name: "mutex 0x5581c0e8".
std::string object_words(const snapshot::Object& object);
/// "mutex", "rwlock", "spin lock".
std::string_view kind_word(snapshot::LockKind kind);
/// " at Channel<int>::receive()": where a reader starts to look; empty where nothing is known.
std::string place_words(const snapshot::Snapshot& snapshot, snapshot::StackIndex stack, const std::string& preposition);
/// "1 thread", "3 threads".
std::string count_words(size_t threads);
/// Each part but the last two followed by ", ", those joined by " and ".
std::string listing(const std::vector<std::string>& parts);

}  // namespace analyze
