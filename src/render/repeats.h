// SPDX-License-Identifier: Apache-2.0
//
// What comes again and again, as the frames of a recursion do: of one function, or of several that call each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace render {

/// `length` values from `begin` on that come `times` times, one after the other.
struct Repeat {
    size_t begin = 0;
    size_t length = 1;
    size_t times = 1;
};

/// All of `values`, in order. What comes less than three times is no repetition: its values are told one by one. A
/// value of 0 equals none. O(values * longest repetition), which is bounded.
std::vector<Repeat> find_repeats(std::span<const uint32_t> values);

}  // namespace render
