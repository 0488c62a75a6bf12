// SPDX-License-Identifier: Apache-2.0
//
// Messages of protocol buffers as bytes: as much of the wire format as a profile needs. A field of value
// zero, or without text, is left out, as proto3 says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace render {

class ProtobufMessage {
public:
    void add(uint32_t field, uint64_t value);
    void add(uint32_t field, const std::string& bytes);
    void add(uint32_t field, const ProtobufMessage& message);  ///< also an empty one
    void add_packed(uint32_t field, const std::vector<uint64_t>& values);
    void add_strings(uint32_t field, const std::vector<std::string>& texts);  ///< empty ones too: they count

    const std::string& bytes() const { return bytes_; }

private:
    void append_varint(uint64_t value);
    void append_bytes(uint32_t field, const std::string& bytes);

    std::string bytes_;
};

}  // namespace render
