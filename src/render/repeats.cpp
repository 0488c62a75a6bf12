// SPDX-License-Identifier: Apache-2.0
#include "render/repeats.h"

#include <algorithm>

namespace render {

namespace {

// With calls inlined into each other, one turn of a recursion has many frames.
constexpr size_t kLongestPattern = 16;
constexpr size_t kFewestTimes = 3;

/// How often the first `length` values come, one after the other.
size_t times_of(std::span<const uint32_t> values, size_t length) {
    size_t same = 0;
    while (length + same < values.size() && values[same] != 0 && values[same] == values[length + same]) ++same;
    return 1 + same / length;
}

/// What the values begin with that takes the fewest lines for the most of them.
Repeat first_repeat(std::span<const uint32_t> values) {
    Repeat best;
    for (size_t length = 1; length <= std::min(kLongestPattern, values.size() / kFewestTimes); ++length) {
        const size_t times = times_of(values, length);
        if (times >= kFewestTimes && times * length > best.times * best.length) best = {0, length, times};
    }
    return best;
}

}  // namespace

std::vector<Repeat> find_repeats(std::span<const uint32_t> values) {
    std::vector<Repeat> repeats;
    for (size_t at = 0; at < values.size();) {
        Repeat repeat = first_repeat(values.subspan(at));
        repeat.begin = at;
        repeats.push_back(repeat);
        at += repeat.length * repeat.times;
    }
    return repeats;
}

}  // namespace render
