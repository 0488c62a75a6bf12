// SPDX-License-Identifier: Apache-2.0
#include "python/objects.h"

#include <algorithm>
#include <cstring>

namespace python {

namespace {

constexpr uint64_t kMaxCharacters = 1 << 13;
constexpr uint64_t kMaxBytes = 1 << 24;
constexpr uint64_t kMaxUnits = 1 << 24;

/// As Python writes it to a file: a byte that was no UTF-8 (PEP 383) is that byte again.
void append_utf8(std::string& text, uint32_t character) {
    const auto add = [&text](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
    if (character < 0x80) {
        add(character);
    } else if (character >= 0xdc80 && character <= 0xdcff) {
        add(character & 0xff);
    } else if (character < 0x800) {
        add(0xc0 | (character >> 6));
        add(0x80 | (character & 0x3f));
    } else if (character < 0x10000) {
        add(0xe0 | (character >> 12));
        add(0x80 | ((character >> 6) & 0x3f));
        add(0x80 | (character & 0x3f));
    } else {
        add(0xf0 | ((character >> 18) & 7));
        add(0x80 | ((character >> 12) & 0x3f));
        add(0x80 | ((character >> 6) & 0x3f));
        add(0x80 | (character & 0x3f));
    }
}

template <typename Character>
std::string utf8_of(const std::string& characters) {
    std::string text;
    for (size_t at = 0; at + sizeof(Character) <= characters.size(); at += sizeof(Character)) {
        Character character;
        std::memcpy(&character, characters.data() + at, sizeof(character));
        append_utf8(text, character);
    }
    return text;
}

}  // namespace

bool Objects::is_of(uint64_t address, uint64_t type) const {
    return memory_.value<uint64_t>(address + offsets_.type) == type;
}

/// Of the compact kinds, which all names and paths of code have: characters behind the header, of 1, 2
/// or 4 bytes each.
std::optional<std::string> Objects::text(uint64_t address) const {
    const Piece head(memory_, address, std::max(offsets_.text.length + 8, offsets_.text.state + 4));
    if (!head || head.at<uint64_t>(offsets_.type) != types_.text) return std::nullopt;
    const auto length = head.at<uint64_t>(offsets_.text.length);
    const auto state = head.at<uint32_t>(offsets_.text.state);
    const unsigned width = (state >> 2) & 7;
    const bool is_compact = (state & 0x20) != 0;
    const bool is_ascii = (state & 0x40) != 0;
    if (!is_compact || length > kMaxCharacters || (is_ascii && width != 1)) return std::nullopt;
    const uint64_t data = address + (is_ascii ? offsets_.text.ascii_data : offsets_.text.compact_data);
    const std::optional<std::string> characters = memory_.bytes(data, length * width);
    if (!characters) return std::nullopt;
    switch (width) {
        case 1: return utf8_of<uint8_t>(*characters);
        case 2: return utf8_of<uint16_t>(*characters);
        case 4: return utf8_of<uint32_t>(*characters);
        default: return std::nullopt;
    }
}

std::optional<std::string> Objects::bytes(uint64_t address) const {
    const auto length = memory_.value<uint64_t>(address + offsets_.bytes.length);
    if (!length || *length > kMaxBytes || !is_of(address, types_.bytes)) return std::nullopt;
    return memory_.bytes(address + offsets_.bytes.data, *length);
}

std::optional<Code> Objects::code(uint64_t address) const {
    const Piece head(memory_, address, offsets_.code.size);
    if (!head || head.at<uint64_t>(offsets_.type) != types_.code) return std::nullopt;
    const auto units = head.at<uint64_t>(offsets_.code.units);
    std::optional<std::string> name = text(head.at<uint64_t>(offsets_.code.name));
    std::optional<std::string> file = text(head.at<uint64_t>(offsets_.code.file));
    std::optional<std::string> lines = bytes(head.at<uint64_t>(offsets_.code.line_table));
    if (!name || !file || !lines || name->empty() || units > kMaxUnits) return std::nullopt;
    Code code;
    code.name = std::move(*name);
    code.file = std::move(*file);
    code.first_line = head.at<int32_t>(offsets_.code.first_line);
    code.line_table = std::move(*lines);
    code.instructions = address + offsets_.code.instructions;
    code.size = units * 2;
    return code;
}

}  // namespace python
