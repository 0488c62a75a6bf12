// SPDX-License-Identifier: Apache-2.0
//
// What the recording says of a lock, and the short form in which it names one beside others.
#pragma once

#include <cstdint>

namespace protocol {

enum class LockKind : uint8_t { kNone, kMutex, kRwlock, kSpin, kOnce, kCustom };
enum class Mode : uint8_t { kExclusive, kShared };

/// Tells locks apart where there is no room for their addresses; never 0.
inline constexpr uint32_t hash_of_lock(uint64_t address) {
    return static_cast<uint32_t>((address * 0x9e3779b97f4a7c15ULL) >> 32) | 1;
}

/// hash_of_lock(), whose lowest bit is taken away when the lock was only read. Never 0 either.
inline constexpr uint32_t gate_of_lock(uint64_t address, Mode mode) {
    const uint32_t hash = hash_of_lock(address);
    return mode == Mode::kShared && hash != 1 ? hash - 1 : hash;
}

}  // namespace protocol
