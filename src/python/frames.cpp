// SPDX-License-Identifier: Apache-2.0
#include "python/frames.h"

#include <algorithm>
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

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kCopiedBytes = 2048;

/// A thread's frames lie side by side, callers first: one copy has many of them.
class FrameMemory {
public:
    FrameMemory(const Memory& memory, size_t frame_bytes) : memory_(memory), frame_bytes_(frame_bytes) {}

    /// False: it cannot be read.
    bool find(uint64_t address) {
        if (address >= start_ && address < end_ && end_ - address >= frame_bytes_) {
            offset_ = address - start_;
            return true;
        }
        // Not before the page that it begins in: there may be nothing.
        const uint64_t page = address & ~(kPageBytes - 1);
        start_ = address - std::min(address - page, kCopiedBytes);
        offset_ = address - start_;
        piece_ = Piece(memory_, start_, offset_ + frame_bytes_);
        end_ = piece_ ? start_ + offset_ + frame_bytes_ : start_;
        return static_cast<bool>(piece_);
    }

    template <typename Value>
    Value at(uint64_t field) const {
        return piece_.at<Value>(offset_ + field);
    }

private:
    const Memory& memory_;
    size_t frame_bytes_;
    Piece piece_;
    uint64_t start_ = 0;
    uint64_t end_ = 0;
    uint64_t offset_ = 0;  ///< of the frame that was found
};

/// Null: what lies there is no code object.
const Code* code_at(const Objects& objects, uint64_t address, const Codes& known, Codes& met) {
    if (const auto found = known.find(address); found != known.end()) return &found->second;
    if (const auto found = met.find(address); found != met.end()) return &found->second;
    std::optional<Code> code = objects.code(address);
    return code ? &met.emplace(address, std::move(*code)).first->second : nullptr;
}

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

std::optional<Chain> read_chain(const Memory& memory, const Offsets& offsets, const Objects& objects, uint64_t address,
                                const Codes& known) {
    Chain chain;
    FrameMemory frame(memory, offsets.frame.size);
    std::set<uint64_t> met;
    for (size_t links = 0; address != 0; ++links) {
        chain.truncated = chain.frames.size() == kMaxFrames || links == kMaxLinks;
        if (chain.truncated) break;
        if (!frame.find(address) || !met.insert(address).second) return std::nullopt;
        const auto code_address = frame.at<uint64_t>(offsets.frame.code);
        const auto instruction = frame.at<uint64_t>(offsets.frame.instruction);
        const auto owner = frame.at<uint8_t>(offsets.frame.owner);
        if (owner > kOwnedByCStack) return std::nullopt;
        if (owner != kOwnedByCStack) {
            const Code* const code = code_at(objects, code_address, known, chain.codes);
            if (code == nullptr) return std::nullopt;
            const std::optional<uint64_t> offset = offset_in(*code, instruction, offsets.frame.instruction_is_last);
            if (!offset) return std::nullopt;
            chain.frames.push_back(frame_of(*code, *offset, offsets.minor));
        }
        chain.ends_in_generator = owner == kOwnedByGenerator;
        chain.marks.insert(chain.marks.end(), {address, code_address, instruction});
        address = frame.at<uint64_t>(offsets.frame.previous);
    }
    return chain;
}

}  // namespace python
