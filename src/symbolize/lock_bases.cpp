// SPDX-License-Identifier: Apache-2.0
#include "symbolize/lock_bases.h"

#include <algorithm>
#include <string>
#include <string_view>

namespace symbolize {

namespace {

using snapshot::State;

/// The wait lies this near to the innermost frame.
constexpr size_t kInnermost = 8;

/// std::sys::sync::rwlock::futex::RwLock is its state, on which readers wait, and then the word for writers.
constexpr uint64_t kWordForWriters = 4;

/// They may have any names of the program's in them.
std::string without_generic_arguments(std::string_view function) {
    std::string plain;
    size_t depth = 0;
    for (size_t i = 0; i < function.size(); ++i) {
        const bool closes = function[i] == '>' && i > 0 && function[i - 1] != '-';  // `fn() -> T` opened none
        if (function[i] == '<') ++depth;
        if (depth == 0) plain += function[i];
        if (closes && depth > 0) --depth;
    }
    return plain;
}

/// Its modules have moved from release to release.
bool writes_rust_rwlock(std::string_view function) {
    if (!function.starts_with("std::sys") && !function.starts_with("std::sync::")) return false;
    return without_generic_arguments(function).find("RwLock::write") != std::string::npos;
}

}  // namespace

void find_lock_bases(snapshot::Snapshot& snapshot) {
    for (snapshot::Thread& thread : snapshot.threads) {
        if (thread.state != State::kFutex || !thread.wait || thread.wait->object.address < kWordForWriters) continue;
        const std::vector<snapshot::Frame>& frames = snapshot.stacks.at(thread.stack).frames;
        const auto end = frames.begin() + static_cast<ptrdiff_t>(std::min(frames.size(), kInnermost));
        const bool writes = std::any_of(frames.begin(), end, [](const snapshot::Frame& frame) {
            return writes_rust_rwlock(frame.function) || writes_rust_rwlock(frame.calls);
        });
        if (writes) thread.wait->object.address -= kWordForWriters;
    }
}

}  // namespace symbolize
