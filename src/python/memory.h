// SPDX-License-Identifier: Apache-2.0
//
// The memory of a live process, as what reads an interpreter's objects needs it. Everything that comes
// from there may be anything, and may change while it is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>

namespace python {

/// Copies up to `bytes` bytes from `address`; returns how many came before the first unreadable one.
using ReadMemory = std::function<size_t(uint64_t address, void* to, size_t bytes)>;

class Memory {
public:
    explicit Memory(ReadMemory read) : read_(std::move(read)) {}

    bool read(uint64_t address, void* to, size_t bytes) const;
    template <typename Value>
    std::optional<Value> value(uint64_t address) const {
        static_assert(std::is_trivially_copyable_v<Value>);
        Value value;
        return read(address, &value, sizeof(value)) ? std::optional<Value>(value) : std::nullopt;
    }
    std::optional<std::string> bytes(uint64_t address, size_t count) const;
    /// As many as there are.
    std::string bytes_up_to(uint64_t address, size_t count) const;
    /// A C string shorter than `limit`.
    std::optional<std::string> text(uint64_t address, size_t limit) const;

private:
    ReadMemory read_;
};

/// A copied piece of memory, and the values in it; what lies outside is zero.
class Piece {
public:
    Piece() = default;
    Piece(const Memory& memory, uint64_t address, size_t bytes);
    explicit operator bool() const { return !bytes_.empty(); }

    template <typename Value>
    Value at(uint64_t offset) const {
        static_assert(std::is_trivially_copyable_v<Value>);
        Value value{};
        copy(offset, &value, sizeof(value));
        return value;
    }

private:
    void copy(uint64_t offset, void* to, size_t bytes) const;

    std::string bytes_;
};

}  // namespace python
