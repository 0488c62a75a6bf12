// SPDX-License-Identifier: Apache-2.0
//
// Bytes of an input, taken one after the other; zeros once it is used up.
#pragma once

#include <cstring>
#include <string>

#include "tests/fuzz/target.h"

namespace fuzz {

class Taker {
public:
    explicit Taker(Bytes input) : rest_(input) {}

    bool is_empty() const { return rest_.empty(); }

    uint8_t byte() {
        if (rest_.empty()) return 0;
        const uint8_t first = rest_.front();
        rest_ = rest_.subspan(1);
        return first;
    }
    /// Below `count`.
    size_t choice(size_t count) { return byte() % count; }
    bool yes() { return (byte() & 1) != 0; }

    uint64_t number() {
        uint64_t value = 0;
        for (int i = 0; i < 8; ++i) value = value << 8 | byte();
        return value;
    }
    double real() {
        const uint64_t bits = number();
        double value;
        std::memcpy(&value, &bits, sizeof(value));
        return value;
    }
    /// Up to the next zero.
    std::string text() {
        std::string text;
        while (!rest_.empty()) {
            const uint8_t next = byte();
            if (next == 0) break;
            text += static_cast<char>(next);
        }
        return text;
    }

private:
    Bytes rest_;
};

}  // namespace fuzz
