// SPDX-License-Identifier: Apache-2.0
//
// Reads the data of unwind tables: DWARF 5 §7.6 numbers and the pointer encodings of the LSB's
// .eh_frame. Bounded: past the end it yields zeros and is not `ok` any more.
#pragma once

#include <string.h>

#include <cstdint>

namespace preload {

class TableCursor {
public:
    TableCursor() = default;
    TableCursor(const uint8_t* begin, const uint8_t* end) : at_(begin), end_(end) {}

    bool ok() const { return ok_; }
    bool at_end() const { return at_ >= end_; }
    const uint8_t* position() const { return at_; }

    template <typename Number>
    Number fixed() {
        Number number{};
        if (const uint8_t* const bytes = skip(sizeof(number))) memcpy(&number, bytes, sizeof(number));
        return number;
    }

    uint64_t uleb() {
        uint64_t number = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = fixed<uint8_t>();
            number |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return number;
        }
        return fail();
    }

    int64_t sleb() {
        uint64_t number = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = fixed<uint8_t>();
            number |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if ((byte & 0x80) != 0) continue;
            const bool is_negative = (byte & 0x40) != 0 && shift + 7 < 64;
            return static_cast<int64_t>(is_negative ? number | ~uint64_t{0} << (shift + 7) : number);
        }
        return static_cast<int64_t>(fail());
    }

    /// A pointer that stands for itself or for a distance from where it stands; other bases are
    /// failures. With the indirect bit it is the address of the pointer, which is left alone.
    uintptr_t encoded(uint8_t encoding) {
        constexpr uint8_t kOmitted = 0xff;
        constexpr uint8_t kBaseMask = 0x70;
        constexpr uint8_t kPcRelative = 0x10;
        if (encoding == kOmitted) return 0;
        const auto here = reinterpret_cast<uintptr_t>(at_);
        const uintptr_t number = number_of(encoding);
        switch (encoding & kBaseMask) {
            case 0: return number;
            case kPcRelative: return number + here;
            default: return fail();
        }
    }

    /// The next `bytes` bytes, passed over. Null: there are not so many.
    const uint8_t* skip(uint64_t bytes) {
        if (!ok_ || bytes > static_cast<uint64_t>(end_ - at_)) {
            fail();
            return nullptr;
        }
        const uint8_t* const begin = at_;
        at_ += bytes;
        return begin;
    }

    /// The part of the table that the next `bytes` bytes are, passed over.
    TableCursor part(uint64_t bytes) {
        const uint8_t* const begin = skip(bytes);
        return begin == nullptr ? TableCursor() : TableCursor(begin, begin + bytes);
    }

private:
    uintptr_t number_of(uint8_t encoding) {
        switch (encoding & 0x0f) {
            case 0x00: return fixed<uint64_t>();
            case 0x01: return uleb();
            case 0x02: return fixed<uint16_t>();
            case 0x03: return fixed<uint32_t>();
            case 0x04: return fixed<uint64_t>();
            case 0x09: return static_cast<uintptr_t>(sleb());
            case 0x0a: return static_cast<uintptr_t>(int64_t{fixed<int16_t>()});
            case 0x0b: return static_cast<uintptr_t>(int64_t{fixed<int32_t>()});
            case 0x0c: return fixed<uint64_t>();
            default: return fail();
        }
    }

    uint64_t fail() {
        ok_ = false;
        at_ = end_;
        return 0;
    }

    const uint8_t* at_ = nullptr;
    const uint8_t* end_ = nullptr;
    bool ok_ = true;
};

}  // namespace preload
