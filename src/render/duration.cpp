// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include "render/render.h"
#include "render/words.h"

namespace render {

namespace {

constexpr double kLongestDuration = 1e12;  // keeps llround() defined
constexpr int64_t kMinutesOfADay = 1440;

std::string two_units(int64_t large, char large_unit, int64_t small, char small_unit) {
    return small == 0 ? fmt::format("{}{}", large, large_unit)
                      : fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
}

/// Rounds at each step, so that what is about to be 60 of one unit becomes 1 of the next.
std::string long_duration(double seconds) {
    const int64_t whole = std::llround(seconds);
    if (whole < 3600) return two_units(whole / 60, 'm', whole % 60, 's');
    const int64_t minutes = std::llround(seconds / 60);
    if (minutes < kMinutesOfADay) return two_units(minutes / 60, 'h', minutes % 60, 'm');
    const int64_t hours = std::llround(seconds / 3600);
    return two_units(hours / 24, 'd', hours % 24, 'h');
}

/// The number and the unit of "12.4s"; `number` is empty for what has two units.
struct OneUnit {
    std::string number;
    std::string unit;
};

OneUnit one_unit(const std::string& text) {
    const size_t end = text.find_first_not_of("0123456789.");
    if (text.find_first_of("0123456789", end) != std::string::npos) return {};
    return {text.substr(0, end), text.substr(end)};
}

}  // namespace

std::string duration(double seconds) {
    seconds = std::isnan(seconds) ? 0 : std::clamp(seconds, 0.0, kLongestDuration);
    const int64_t milliseconds = std::llround(seconds * 1000);
    if (milliseconds > 0 && milliseconds < 100) return fmt::format("{}ms", milliseconds);
    const int64_t tenths = std::llround(seconds * 10);
    if (tenths >= 600) return long_duration(seconds);
    return tenths % 10 == 0 ? fmt::format("{}s", tenths / 10) : fmt::format("{}.{}s", tenths / 10, tenths % 10);
}

std::string duration_range(double low, double high) {
    const std::string from = duration(low);
    std::string to = duration(high);
    if (from == to) return to;
    const OneUnit first = one_unit(from);
    const bool same_unit = !first.number.empty() && first.unit == one_unit(to).unit;
    return (same_unit ? first.number : from) + "~" + to;
}

}  // namespace render
