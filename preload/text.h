// SPDX-License-Identifier: Apache-2.0
//
// Text put together in a buffer of fixed size: what does not fit is cut off. No heap, no libc.
#pragma once

#include <cstddef>
#include <cstdint>

namespace preload {

class Text {
public:
    Text(char* buffer, size_t size) : at_(buffer), end_(buffer + size) { *at_ = '\0'; }

    Text& add(const char* text) {
        while (*text != '\0') add_character(*text++);
        return *this;
    }
    /// At most the first characters of a text that may be long, and may hold what a terminal would obey.
    Text& add_beginning(const char* text) {
        constexpr int kMost = 60;
        for (int count = 0; *text != '\0' && count < kMost; ++count, ++text) {
            // Of UTF-8, U+0080 to U+009F begin so.
            const bool is_control = *text >= 0 ? *text < ' ' || *text == 0x7f : text[0] == '\xc2' && text[1] < '\xa0';
            add_character(is_control ? '?' : *text);
        }
        return *text == '\0' ? *this : add("...");
    }
    Text& add_number(uint64_t value) { return add_digits(value, 10, 1); }
    Text& add_hexadecimal(uint64_t value, int digits) { return add_digits(value, 16, digits); }

    Text& add_character(char character) {
        if (at_ + 1 < end_) *at_++ = character;
        *at_ = '\0';
        return *this;
    }

    /// What is added from here on is another text, behind the zero of the one so far.
    void skip_zero() {
        if (at_ + 1 < end_) *++at_ = '\0';
    }

    /// One past the last character, where the zero stands.
    char* end() const { return at_; }
    bool is_full() const { return at_ + 1 >= end_; }

private:
    Text& add_digits(uint64_t value, unsigned base, int digits) {
        char reversed[24];
        int count = 0;
        do {
            reversed[count++] = "0123456789abcdef"[value % base];
            value /= base;
        } while (value != 0 || count < digits);
        while (count > 0) add_character(reversed[--count]);
        return *this;
    }

    char* at_;
    char* const end_;
};

}  // namespace preload
