// SPDX-License-Identifier: Apache-2.0
//
// Names, symbols and paths come from the target, which may be hostile to the terminal that shows them.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "render/render.h"
#include "render/words.h"
#include "snapshot/characters.h"

namespace render {

namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

std::string printable(const std::string& text) {
    std::string harmless;
    harmless.reserve(text.size());
    for (size_t at = 0; at < text.size();) {
        const snapshot::Character decoded = snapshot::first_character(std::string_view(text).substr(at));
        if (decoded.bytes == 0) {
            harmless += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[at++]));
            continue;
        }
        if (snapshot::is_control(decoded.code_point))
            harmless += fmt::format("\\x{:02x}", decoded.code_point);
        else if (snapshot::rearranges(decoded.code_point))
            harmless += fmt::format("\\u{:04x}", decoded.code_point);
        else
            harmless.append(text, at, decoded.bytes);
        at += decoded.bytes;
    }
    return harmless;
}

std::string printable_json(const std::string& text) {
    std::string harmless;
    harmless.reserve(text.size());
    size_t kept = 0;  // up to here all is in `harmless`
    for (size_t at = 0; at < text.size();) {
        // Below that they are escaped within texts, and the document's own elsewhere.
        if (static_cast<unsigned char>(text[at]) < 0x7F) {
            ++at;
            continue;
        }
        const snapshot::Character decoded = snapshot::first_character(std::string_view(text).substr(at));
        const size_t next = at + std::max<size_t>(decoded.bytes, 1);
        if (decoded.bytes != 0 &&
            (snapshot::is_control(decoded.code_point) || snapshot::rearranges(decoded.code_point))) {
            harmless.append(text, kept, at - kept);
            harmless += fmt::format("\\u{:04x}", decoded.code_point);
            kept = next;
        }
        at = next;
    }
    return harmless.append(text, kept);
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
