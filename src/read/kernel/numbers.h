// SPDX-License-Identifier: Apache-2.0
//
// Numbers in the kernel's texts.
#pragma once

#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

namespace reader {

/// All of `text` is one number; else `value` may be anything.
template <typename Number>
bool is_number(std::string_view text, int base, Number& value) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return !text.empty() && parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
}

/// The whole of `text` as a number.
template <typename Number>
std::optional<Number> number_in(std::string_view text, int base = 10) {
    Number value{};
    return is_number(text, base, value) ? std::optional(value) : std::nullopt;
}

}  // namespace reader
