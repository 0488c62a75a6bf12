// SPDX-License-Identifier: Apache-2.0
#include "python/frames.h"

#include <map>
#include <set>
#include <string>

#include "python/line_table.h"

namespace python {

namespace {

// `enum _frameowner`, the same from 3.11 on. A generator's frame has a caller while it runs only. A frame
// of the interpreter's own at which C code entered it (3.12 and later) is no function's.
constexpr uint8_t kOwnedByGenerator = 1;
constexpr uint8_t kOwnedByCStack = 3;
constexpr size_t kMaxLinks = 2 * kMaxFrames;

/// Code objects that frames hold: they stay what they are while the frames do.
using Codes = std::map<uint64_t, std::optional<Code>>;

/// Of a frame whose `instruction` is the one executed last, a new one has none: it stands one unit
/// before the first.
std::optional<uint64_t> offset_in(const Code& code, uint64_t instruction, bool is_last) {
    if (is_last && instruction + 2 == code.instructions) return 0;
    if (instruction < code.instructions || instruction >= code.instructions + code.size) return std::nullopt;
    return instruction - code.instructions;
}

snapshot::Frame frame_of(const Code& code, uint64_t offset, uint32_t minor) {
    snapshot::Frame frame;
    frame.language = snapshot::Language::kPython;
    frame.module = "python 3." + std::to_string(minor);
    frame.function = code.name;
    frame.file = code.file;
    frame.line = line_at(code.line_table, code.first_line, offset).value_or(0);
    return frame;
}

}  // namespace

std::optional<Chain> read_chain(const Memory& memory, const Offsets& offsets, const Objects& objects,
                                uint64_t address) {
    Chain chain;
    Codes codes;
    std::set<uint64_t> met;
    for (size_t links = 0; address != 0; ++links) {
        chain.truncated = chain.frames.size() == kMaxFrames || links == kMaxLinks;
        if (chain.truncated) break;
        const Piece piece(memory, address, offsets.frame.size);
        if (!piece || !met.insert(address).second) return std::nullopt;
        const auto code_address = piece.at<uint64_t>(offsets.frame.code);
        const auto instruction = piece.at<uint64_t>(offsets.frame.instruction);
        const auto owner = piece.at<uint8_t>(offsets.frame.owner);
        if (owner > kOwnedByCStack) return std::nullopt;
        if (owner != kOwnedByCStack) {
            const auto [known, is_new] = codes.try_emplace(code_address);
            if (is_new) known->second = objects.code(code_address);
            if (!known->second) return std::nullopt;
            const std::optional<uint64_t> offset =
                offset_in(*known->second, instruction, offsets.frame.instruction_is_last);
            if (!offset) return std::nullopt;
            chain.frames.push_back(frame_of(*known->second, *offset, offsets.minor));
        }
        chain.ends_in_generator = owner == kOwnedByGenerator;
        chain.marks.insert(chain.marks.end(), {address, code_address, instruction});
        address = piece.at<uint64_t>(offsets.frame.previous);
    }
    return chain;
}

}  // namespace python
