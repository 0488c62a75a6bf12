// SPDX-License-Identifier: Apache-2.0
//
// Time stamps of a recording as spans up to the moment of the snapshot, or to the last sign of life.
#pragma once

#include <cstdint>
#include <optional>

namespace reader {

constexpr double kNanoseconds = 1e9;             ///< a second
constexpr uint64_t kLongestTickNs = 10'000'000;  ///< by so much a stamp of the coarse clock may be too early

struct Times {
    uint64_t end_ns = 0;          ///< up to when; CLOCK_MONOTONIC of the target's machine
    bool is_lower_bound = false;  ///< the process lived on after that, nobody knows how long

    /// Empty: the stamp is 0, not known.
    std::optional<double> since(uint64_t stamp_ns) const {
        if (stamp_ns == 0) return std::nullopt;
        return between(stamp_ns, end_ns);
    }

    /// 0 where the stamps are the wrong way round.
    static double between(uint64_t from_ns, uint64_t to_ns) {
        return to_ns > from_ns ? static_cast<double>(to_ns - from_ns) / kNanoseconds : 0;
    }
};

}  // namespace reader
