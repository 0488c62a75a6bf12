// SPDX-License-Identifier: Apache-2.0
//
// A made-up process with the objects of an interpreter in it, at addresses of its own.
#pragma once

#include <algorithm>
#include <cstring>
#include <map>
#include <string>

#include "python/memory.h"
#include "python/objects.h"
#include "python/offsets.h"

namespace python {

class InterpreterMemory {
public:
    explicit InterpreterMemory(const Offsets& known) : offsets(known) {}

    uint64_t reserve(size_t bytes) {
        const uint64_t address = next_;
        pieces_[address].resize(bytes);
        next_ += (bytes + 4096) & ~uint64_t{4095};
        return address;
    }
    template <typename Value>
    void put(uint64_t object, uint64_t offset, Value value) {
        std::memcpy(pieces_.at(object).data() + offset, &value, sizeof(value));
    }

    uint64_t text(const std::string& latin1, unsigned width = 1, bool ascii = true) {
        const uint64_t data = ascii ? offsets.text.ascii_data : offsets.text.compact_data;
        const uint64_t object = reserve(data + latin1.size() * width);
        put(object, offsets.type, types.text);
        put<uint64_t>(object, offsets.text.length, latin1.size());
        put<uint32_t>(object, offsets.text.state, (width << 2) | 0x20 | (ascii ? 0x40 : 0));
        for (size_t i = 0; i < latin1.size(); ++i) put(object, data + i * width, latin1[i]);
        return object;
    }
    uint64_t bytes(const std::string& content) {
        const uint64_t object = reserve(offsets.bytes.data + content.size());
        put(object, offsets.type, types.bytes);
        put<uint64_t>(object, offsets.bytes.length, content.size());
        for (size_t i = 0; i < content.size(); ++i) put(object, offsets.bytes.data + i, content[i]);
        return object;
    }
    /// Ten units of code, each on a line of its own from `first_line` on.
    uint64_t code(uint64_t name, int first_line) {
        const uint64_t object = reserve(offsets.code.size + 20);
        put(object, offsets.type, types.code);
        put<uint64_t>(object, offsets.code.units, 10);
        put<int32_t>(object, offsets.code.first_line, first_line);
        put(object, offsets.code.file, text("/srv/app.py"));
        put(object, offsets.code.name, name);
        std::string table("\xd0\x00\x00", 3);
        for (int unit = 1; unit < 10; ++unit) table += std::string("\xd8\x00\x00", 3);
        put(object, offsets.code.line_table, bytes(table));
        return object;
    }
    uint64_t code(const std::string& name, int first_line) { return code(text(name), first_line); }
    uint64_t frame(uint64_t code, unsigned unit, uint64_t previous, uint8_t owner = 0) {
        const uint64_t object = reserve(offsets.frame.size);
        put(object, offsets.frame.code, code);
        put(object, offsets.frame.previous, previous);
        put(object, offsets.frame.instruction, code + offsets.code.instructions + 2 * uint64_t{unit});
        put(object, offsets.frame.owner, owner);
        return object;
    }

    Memory memory() const {
        return Memory([this](uint64_t address, void* to, size_t bytes) -> size_t {
            auto piece = pieces_.upper_bound(address);
            if (piece == pieces_.begin()) return 0;
            --piece;
            const uint64_t offset = address - piece->first;
            if (offset >= piece->second.size()) return 0;
            const size_t there = std::min<size_t>(bytes, piece->second.size() - offset);
            std::memcpy(to, piece->second.data() + offset, there);
            return there;
        });
    }
    std::map<uint64_t, std::string>& pieces() { return pieces_; }

    const Offsets& offsets;
    const Types types{.code = 0x100, .text = 0x200, .bytes = 0x300};

private:
    std::map<uint64_t, std::string> pieces_;
    uint64_t next_ = 0x10000;
};

}  // namespace python
