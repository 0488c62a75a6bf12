// SPDX-License-Identifier: Apache-2.0
//
// Names, symbols and paths come from the target, which may be hostile to the terminal that shows them.
#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "render/render.h"
#include "render/words.h"

namespace render {

namespace {

struct Decoded {
    uint32_t code_point = 0;
    size_t bytes = 0;  ///< 0: not UTF-8
};

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

/// As the Unicode standard's table of well-formed sequences: no overlong forms, no surrogates.
Decoded decode(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return {};
    uint32_t code_point = lead & (0x7FU >> bytes);
    for (size_t i = 1; i < bytes; ++i) {
        if (!is_continuation(text[i])) return {};
        code_point = code_point << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
    }
    const bool overlong = (bytes == 3 && code_point < 0x800) || (bytes == 4 && code_point < 0x10000);
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (overlong || surrogate || code_point > 0x10FFFF) return {};
    return {code_point, bytes};
}

bool is_control(uint32_t code_point) {
    return code_point < 0x20 || (code_point >= 0x7F && code_point < 0xA0);
}

/// Line separators, and what changes the direction in which the rest of a line is shown.
bool rearranges(uint32_t code_point) {
    return code_point == 0x061C || code_point == 0x200E || code_point == 0x200F ||
           (code_point >= 0x2028 && code_point <= 0x202E) || (code_point >= 0x2066 && code_point <= 0x2069);
}

}  // namespace

std::string printable(const std::string& text) {
    std::string harmless;
    harmless.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const Decoded decoded = decode(std::string_view(text).substr(at));
        if (decoded.bytes == 0) {
            harmless += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at++]));
            continue;
        }
        if (is_control(decoded.code_point))
            harmless += fmt::format("\\x{:02x}", decoded.code_point);
        else if (rearranges(decoded.code_point))
            harmless += fmt::format("\\u{:04x}", decoded.code_point);
        else
            harmless.append(text, at, decoded.bytes);
        at += decoded.bytes;
    }
    return harmless;
}

size_t display_width(std::string_view text) {
    size_t width = 0;
    for (const char c : text) width += is_continuation(c) ? 0 : 1;
    return width;
}

std::string shortened(const std::string& text, size_t width) {
    constexpr std::string_view kGap = "...";
    const size_t columns = display_width(text);
    if (columns <= width) return text;
    const size_t tail = (width - kGap.size()) / 2;
    const size_t head = width - kGap.size() - tail;
    std::string cut;
    size_t column = 0;
    for (const char c : text) {
        if (!is_continuation(c) && column++ == head) cut += kGap;
        if (column <= head || column > columns - tail) cut += c;
    }
    return cut;
}

}  // namespace render
