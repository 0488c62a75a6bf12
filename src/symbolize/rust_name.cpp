// SPDX-License-Identifier: Apache-2.0
#include "symbolize/rust_name.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace symbolize {

namespace {

using std::string_view;

// A name may refer back to parts of itself, and so describe one that is exponentially longer. What it refers to is read
// each time, whether it says much or not.
constexpr size_t kMaxSymbolLength = 16 * 1024;
constexpr size_t kMaxNameLength = 4096;
constexpr int kMaxNesting = 200;
constexpr int kMaxParts = 20'000;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

string_view basic_type(char tag) {
    struct Basic {
        char tag;
        string_view name;
    };
    constexpr std::array kBasics = {Basic{'a', "i8"},    Basic{'b', "bool"}, Basic{'c', "char"}, Basic{'d', "f64"},
                                    Basic{'e', "str"},   Basic{'f', "f32"},  Basic{'h', "u8"},   Basic{'i', "isize"},
                                    Basic{'j', "usize"}, Basic{'l', "i32"},  Basic{'m', "u32"},  Basic{'n', "i128"},
                                    Basic{'o', "u128"},  Basic{'s', "i16"},  Basic{'t', "u16"},  Basic{'u', "()"},
                                    Basic{'v', "..."},   Basic{'x', "i64"},  Basic{'y', "u64"},  Basic{'z', "!"},
                                    Basic{'p', "_"}};
    for (const Basic& basic : kBasics) {
        if (basic.tag == tag) return basic.name;
    }
    return {};
}

bool is_character(uint64_t value) {
    return value < 0xd800 || (value > 0xdfff && value <= 0x10ffff);
}

void append_utf8(std::string& text, uint32_t character) {
    const auto byte = [&](uint32_t value) { text += static_cast<char>(value); };
    if (character < 0x80) return byte(character);
    if (character < 0x800) {
        byte(0xc0 | character >> 6);
    } else if (character < 0x10000) {
        byte(0xe0 | character >> 12);
        byte(0x80 | (character >> 6 & 0x3f));
    } else {
        byte(0xf0 | character >> 18);
        byte(0x80 | (character >> 12 & 0x3f));
        byte(0x80 | (character >> 6 & 0x3f));
    }
    byte(0x80 | (character & 0x3f));
}

/// RFC 3492, with '_' before what is encoded. Empty: damaged.
std::string from_punycode(string_view text) {
    const size_t last = text.rfind('_');
    const string_view plain = last == string_view::npos ? string_view() : text.substr(0, last);
    string_view encoded = last == string_view::npos ? text : text.substr(last + 1);
    std::vector<uint32_t> characters(plain.begin(), plain.end());
    uint64_t character = 128;
    uint64_t place = 0;
    uint64_t bias = 72;
    bool is_first = true;
    while (!encoded.empty()) {
        const uint64_t before = place;
        uint64_t weight = 1;
        for (uint64_t step = 36;; step += 36) {
            if (encoded.empty() || weight > UINT32_MAX) return {};
            const char c = encoded.front();
            encoded.remove_prefix(1);
            const bool is_letter = c >= 'a' && c <= 'z';
            if (!is_letter && !is_digit(c)) return {};
            const uint64_t digit = static_cast<uint64_t>(is_letter ? c - 'a' : c - '0' + 26);
            place += digit * weight;
            const uint64_t threshold = step <= bias ? 1 : step >= bias + 26 ? 26 : step - bias;
            if (digit < threshold) break;
            weight *= 36 - threshold;
        }
        const uint64_t count = characters.size() + 1;
        uint64_t delta = is_first ? (place - before) / 700 : (place - before) / 2;
        is_first = false;
        delta += delta / count;
        for (bias = 0; delta > 455; bias += 36) delta /= 35;
        bias += 36 * delta / (delta + 38);
        character += place / count;
        place %= count;
        if (!is_character(character)) return {};
        characters.insert(characters.begin() + static_cast<ptrdiff_t>(place++), static_cast<uint32_t>(character));
    }
    std::string name;
    for (const uint32_t each : characters) append_utf8(name, each);
    return name;
}

/// Reads on from a place in the symbol, and writes what it read. Once it has failed it does nothing more.
class NameWriter {
public:
    explicit NameWriter(string_view symbol) : symbol_(symbol) {}

    void path() {
        const Level level(*this);
        if (failed_) return;
        switch (next()) {
            case 'C': {
                disambiguator();
                write(identifier());
                return;
            }
            case 'M': impl_path(); return own_type();
            case 'X': impl_path(); [[fallthrough]];
            case 'Y':
                write("<");
                type();
                write(" as ");
                path();
                return write(">");
            case 'N': return nested();
            case 'I':
                path();
                write("<");
                list([this] { argument(); });
                return write(">");
            case 'B': return back([&] { path(); });
            default: failed_ = true;
        }
    }

    bool failed() const { return failed_; }
    std::string take() { return std::move(text_); }

private:
    /// Of what is within what.
    struct Level {
        explicit Level(NameWriter& writer) : writer_(writer) {
            if (++writer_.depth_ > kMaxNesting || ++writer_.parts_ > kMaxParts) writer_.failed_ = true;
        }
        ~Level() { --writer_.depth_; }
        Level(const Level&) = delete;
        Level& operator=(const Level&) = delete;
        NameWriter& writer_;
    };

    char peek() const { return at_ < symbol_.size() ? symbol_[at_] : '\0'; }
    char next() {
        if (at_ >= symbol_.size()) failed_ = true;
        return failed_ ? '\0' : symbol_[at_++];
    }
    bool take(char c) {
        if (failed_ || peek() != c) return false;
        ++at_;
        return true;
    }

    void write(string_view text) {
        if (failed_ || is_silent_) return;
        if (text_.size() + text.size() > kMaxNameLength) failed_ = true;
        if (!failed_) text_ += text;
    }

    /// "_" is 0, "0_" is 1, "Z_" is 62. What is too large is some other number: a hash that nobody is told.
    uint64_t base62() {
        uint64_t value = 0;
        if (take('_')) return 0;
        while (!failed_ && !take('_')) {
            const char c = next();
            const int digit = is_digit(c)            ? c - '0'
                              : c >= 'a' && c <= 'z' ? c - 'a' + 10
                              : c >= 'A' && c <= 'Z' ? c - 'A' + 36
                                                     : -1;
            if (digit < 0) failed_ = true;
            value = value * 62 + static_cast<uint64_t>(digit);
        }
        return value + 1;
    }

    /// 0: none.
    uint64_t tagged_base62(char tag) { return take(tag) ? base62() + 1 : 0; }
    uint64_t disambiguator() { return tagged_base62('s'); }

    std::string identifier() {
        const bool is_punycode = take('u');
        size_t length = 0;
        if (!is_digit(peek())) failed_ = true;
        const bool is_empty = take('0');
        while (!failed_ && !is_empty && is_digit(peek())) {
            length = length * 10 + static_cast<size_t>(next() - '0');
            if (length > symbol_.size()) failed_ = true;
        }
        take('_');
        if (failed_ || symbol_.size() - at_ < length) {
            failed_ = true;
            return {};
        }
        const string_view name = symbol_.substr(at_, length);
        at_ += length;
        if (!is_punycode) return std::string(name);
        std::string plain = from_punycode(name);
        if (plain.empty()) failed_ = true;
        return plain;
    }

    /// Where an `impl` stands says nothing to a reader.
    void impl_path() {
        disambiguator();
        const bool was_silent = is_silent_;
        is_silent_ = true;
        path();
        is_silent_ = was_silent;
    }

    /// What has a function of its own: "Vec<u8>::new", "<[u8]>::iter".
    void own_type() {
        const size_t start = text_.size();
        type();
        const char first = start < text_.size() ? text_[start] : 'a';
        if (first != '[' && first != '&' && first != '*' && first != '(') return;
        text_.insert(start, "<");
        write(">");
    }

    void nested() {
        const char space = next();
        path();
        disambiguator();
        const std::string name = identifier();
        if (space >= 'A' && space <= 'Z') {
            write("::{{");  // as older names have it: without a number
            write(space == 'C' ? "closure" : space == 'S' ? "shim" : string_view(&space, 1));
            if (!name.empty()) write(":" + name);
            write("}}");
        } else if (!name.empty()) {
            write("::");
            write(name);
        }
    }

    template <typename Each>
    void list(Each each) {
        for (bool is_first = true; !failed_ && !take('E'); is_first = false) {
            if (!is_first) write(", ");
            each();
        }
    }

    template <typename Read>
    void back(Read read) {
        const size_t here = at_ - 1;
        const uint64_t target = base62();
        if (failed_ || target >= here) {
            failed_ = true;
            return;
        }
        if (is_silent_) return;
        const size_t after = at_;
        at_ = target;
        read();
        at_ = after;
    }

    void argument() {
        if (take('L')) {
            base62();
            return write("'_");
        }
        take('K') ? constant() : type();
    }

    void type() {
        const Level level(*this);
        if (failed_) return;
        const char tag = peek();
        if (const string_view basic = basic_type(tag); !basic.empty()) {
            ++at_;
            return write(basic);
        }
        ++at_;
        switch (tag) {
            case 'A':
            case 'S':
                write("[");
                type();
                if (tag == 'A') {
                    write("; ");
                    constant();
                }
                return write("]");
            case 'T': return tuple();
            case 'R':
            case 'Q':
                if (take('L')) base62();
                write(tag == 'Q' ? "&mut " : "&");
                return type();
            case 'P':
            case 'O': write(tag == 'P' ? "*const " : "*mut "); return type();
            case 'F': return function_type();
            case 'D': return trait_object();
            case 'B': return back([this] { type(); });
            default: --at_; return path();
        }
    }

    void tuple() {
        int count = 0;
        write("(");
        list([&] {
            ++count;
            type();
        });
        write(count == 1 ? ",)" : ")");
    }

    void function_type() {
        tagged_base62('G');
        if (take('U')) write("unsafe ");
        if (take('K')) {
            write("extern \"");
            write(take('C') ? "C" : identifier());
            write("\" ");
        }
        write("fn(");
        list([this] { type(); });
        write(")");
        if (take('u')) return;
        write(" -> ");
        type();
    }

    void trait_object() {
        tagged_base62('G');
        write("dyn ");
        for (bool is_first = true; !failed_ && !take('E'); is_first = false) {
            if (!is_first) write(" + ");
            path();
            bindings();
        }
        if (!take('L')) failed_ = true;
        base62();
    }

    /// They stand among the trait's arguments.
    void bindings() {
        const bool has_arguments = peek() == 'p' && !is_silent_ && text_.ends_with('>');
        if (has_arguments) text_.pop_back();
        for (bool is_first = !has_arguments; take('p'); is_first = false) {
            write(is_first ? "<" : ", ");
            write(identifier());
            write(" = ");
            type();
            if (peek() != 'p') write(">");
        }
    }

    /// Of the constants that are arguments: numbers, truth values and characters.
    void constant() {
        const Level level(*this);
        if (failed_) return;
        const char tag = next();
        if (tag == 'p') return write("_");
        if (tag == 'B') return back([this] { constant(); });
        const bool is_negative = take('n');
        uint64_t value = 0;
        bool is_wide = false;
        std::string digits;
        while (!failed_ && !take('_')) {
            const char c = next();
            const bool is_letter = c >= 'a' && c <= 'f';
            if (!is_letter && !is_digit(c)) failed_ = true;
            is_wide = is_wide || value >> 60 != 0;
            value = value << 4 | static_cast<uint64_t>(is_letter ? c - 'a' + 10 : c - '0');
            digits += c;
        }
        if (string_view("abchijlmnostxy").find(tag) == string_view::npos) failed_ = true;
        if (tag == 'b') return write(value == 0 ? "false" : "true");
        if (tag == 'c') {
            if (is_wide || !is_character(value)) failed_ = true;
            const bool is_control = value < 0x20 || value == 0x7f;
            std::string character = is_control ? "\\u{" + digits + "}" : "";
            if (!failed_ && !is_control) append_utf8(character, static_cast<uint32_t>(value));
            return write("'" + character + "'");
        }
        write((is_negative ? "-" : "") + (is_wide ? "0x" + digits : std::to_string(value)));
    }

    string_view symbol_;  ///< without "_R", which places are counted from
    size_t at_ = 0;
    std::string text_;
    int depth_ = 0;
    int parts_ = 0;
    bool is_silent_ = false;
    bool failed_ = false;
};

}  // namespace

std::string rust_name(std::string_view symbol) {
    if (!symbol.starts_with("_R") || symbol.size() < 3 || symbol.size() > kMaxSymbolLength || is_digit(symbol[2]))
        return {};
    NameWriter writer(symbol.substr(2));
    writer.path();
    // The crate that an instance was made for may follow; it is no part of the name.
    return writer.failed() ? std::string() : writer.take();
}

}  // namespace symbolize
