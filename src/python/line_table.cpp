// SPDX-License-Identifier: Apache-2.0
#include "python/line_table.h"

namespace python {

namespace {

constexpr uint64_t kUnitBytes = 2;
constexpr int64_t kMaxLine = 1 << 30;

bool is_first(char byte) {
    return (static_cast<unsigned char>(byte) & 0x80) != 0;
}

/// Six bits a byte, the lowest first; bit 6 says that more follow. The sign is the lowest bit.
int64_t signed_number(std::string_view bytes) {
    uint64_t value = 0;
    unsigned shift = 0;
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        value |= uint64_t{byte & 0x3fU} << shift;
        shift += 6;
        if ((byte & 0x40) == 0 || shift > 30) break;
    }
    const auto magnitude = static_cast<int64_t>(value >> 1);
    return (value & 1) != 0 ? -magnitude : magnitude;
}

/// What an entry adds to the line. `rest`: its bytes after the first.
int64_t line_delta(unsigned kind, std::string_view rest) {
    switch (kind) {
        case 10:
        case 11:
        case 12: return kind - 10;
        case 13:
        case 14: return signed_number(rest);
        default: return 0;  // on the same line, or without a place
    }
}

}  // namespace

std::optional<int> line_at(std::string_view table, int first_line, uint64_t offset) {
    constexpr unsigned kNoPlace = 15;
    int64_t line = first_line;
    uint64_t start = 0;
    while (!table.empty() && is_first(table.front())) {
        const auto first = static_cast<unsigned char>(table.front());
        size_t length = 1;
        while (length < table.size() && !is_first(table[length])) ++length;
        const unsigned kind = (first >> 3) & 15;
        line += line_delta(kind, table.substr(1, length - 1));
        if (line > kMaxLine || line < -kMaxLine) return std::nullopt;
        start += ((first & 7U) + 1) * kUnitBytes;
        if (offset < start) {
            return kind == kNoPlace || line <= 0 ? std::nullopt : std::optional(static_cast<int>(line));
        }
        table.remove_prefix(length);
    }
    return std::nullopt;
}

}  // namespace python
