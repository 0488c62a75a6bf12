// SPDX-License-Identifier: Apache-2.0
#include "render/protobuf.h"

namespace render {

namespace {

// Wire types.
constexpr uint64_t kVarint = 0;
constexpr uint64_t kLengthDelimited = 2;

uint64_t tag(uint32_t field, uint64_t wire_type) {
    return static_cast<uint64_t>(field) << 3 | wire_type;
}

}  // namespace

void ProtobufMessage::append_varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>(value | 0x80);
    bytes_ += static_cast<char>(value);
}

void ProtobufMessage::append_bytes(uint32_t field, const std::string& bytes) {
    append_varint(tag(field, kLengthDelimited));
    append_varint(bytes.size());
    bytes_ += bytes;
}

void ProtobufMessage::add(uint32_t field, uint64_t value) {
    if (value == 0) return;
    append_varint(tag(field, kVarint));
    append_varint(value);
}

void ProtobufMessage::add(uint32_t field, const std::string& bytes) {
    if (!bytes.empty()) append_bytes(field, bytes);
}

void ProtobufMessage::add(uint32_t field, const ProtobufMessage& message) {
    append_bytes(field, message.bytes_);
}

void ProtobufMessage::add_packed(uint32_t field, const std::vector<uint64_t>& values) {
    ProtobufMessage packed;
    for (const uint64_t value : values) packed.append_varint(value);
    if (!values.empty()) append_bytes(field, packed.bytes_);
}

void ProtobufMessage::add_strings(uint32_t field, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) append_bytes(field, text);
}

}  // namespace render
