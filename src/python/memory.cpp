// SPDX-License-Identifier: Apache-2.0
#include "python/memory.h"

#include <algorithm>
#include <cstring>

namespace python {

bool Memory::read(uint64_t address, void* to, size_t bytes) const {
    return address != 0 && address + bytes >= address && read_(address, to, bytes) == bytes;
}

std::optional<std::string> Memory::bytes(uint64_t address, size_t count) const {
    std::string copied(count, '\0');
    if (count > 0 && !read(address, copied.data(), count)) return std::nullopt;
    return copied;
}

std::string Memory::bytes_up_to(uint64_t address, size_t count) const {
    std::string copied(count, '\0');
    copied.resize(address == 0 ? 0 : std::min(read_(address, copied.data(), count), count));
    return copied;
}

std::optional<std::string> Memory::text(uint64_t address, size_t limit) const {
    if (address == 0) return std::nullopt;
    std::string copied = bytes_up_to(address, limit);
    const size_t end = copied.find('\0');
    if (end == std::string::npos) return std::nullopt;
    copied.resize(end);
    return copied;
}

Piece::Piece(const Memory& memory, uint64_t address, size_t bytes) {
    if (std::optional<std::string> copied = memory.bytes(address, bytes)) bytes_ = std::move(*copied);
}

void Piece::copy(uint64_t offset, void* to, size_t bytes) const {
    if (offset <= bytes_.size() && bytes <= bytes_.size() - offset) std::memcpy(to, bytes_.data() + offset, bytes);
}

}  // namespace python
