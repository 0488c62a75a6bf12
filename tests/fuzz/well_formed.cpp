// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/well_formed.h"

#include <cctype>
#include <cstdint>
#include <string>
#include <vector>

namespace fuzz {

namespace {

using std::string_view;

/// Bytes of the first character; 0: it is none.
size_t character_bytes(string_view text, uint32_t& code_point) {
    const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const size_t bytes = at(0) < 0x80   ? 1
                         : at(0) < 0xC2 ? 0
                         : at(0) < 0xE0 ? 2
                         : at(0) < 0xF0 ? 3
                         : at(0) < 0xF5 ? 4
                                        : 0;
    if (bytes == 0 || text.size() < bytes) return 0;
    code_point = bytes == 1 ? at(0) : at(0) & (0x7FU >> bytes);
    for (size_t i = 1; i < bytes; ++i) {
        if ((at(i) & 0xC0) != 0x80) return 0;
        code_point = code_point << 6 | (at(i) & 0x3FU);
    }
    constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = code_point >= 0xD800 && code_point < 0xE000;
    return code_point < kLeast[bytes] || is_surrogate || code_point > 0x10FFFF ? 0 : bytes;
}

/// Bytes of "ESC [ digits and semicolons m" at the start; 0: none is there.
size_t color_bytes(string_view text) {
    if (!text.starts_with("\x1b[")) return 0;
    const size_t end = text.find_first_not_of("0123456789;", 2);
    return end < text.size() && text[end] == 'm' ? end + 1 : 0;
}

/// What is left of a document, read as a grammar is written down.
class Xml {
public:
    explicit Xml(string_view text) : rest_(text) {}

    bool is_document() {
        if (rest_.starts_with("<?xml")) rest_.remove_prefix(std::min(rest_.find("?>"), rest_.size() - 2) + 2);
        take_space();
        if (!take_element()) return false;
        take_space();
        return rest_.empty();
    }

private:
    void take_space() {
        while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n')) rest_.remove_prefix(1);
    }
    bool take(string_view word) {
        if (!rest_.starts_with(word)) return false;
        rest_.remove_prefix(word.size());
        return true;
    }
    string_view take_name() {
        size_t end = 0;
        while (end < rest_.size() && (std::isalnum(static_cast<unsigned char>(rest_[end])) != 0 || rest_[end] == '-'))
            ++end;
        const string_view name = rest_.substr(0, end);
        rest_.remove_prefix(end);
        return name;
    }
    /// Up to `stop`, which stays.
    bool take_text(char stop) {
        while (!rest_.empty() && rest_[0] != stop) {
            if (rest_[0] == '<') return false;
            if (rest_[0] == '&') {
                if (!take("&amp;") && !take("&lt;") && !take("&gt;") && !take("&quot;") && !take("&apos;") &&
                    !take("&#10;"))
                    return false;
                continue;
            }
            if (rest_.starts_with("]]>") || rest_.starts_with("\xEF\xBF\xBE") || rest_.starts_with("\xEF\xBF\xBF"))
                return false;
            rest_.remove_prefix(1);
        }
        return !rest_.empty();
    }
    bool take_attributes() {
        for (take_space(); !rest_.empty() && rest_[0] != '>' && rest_[0] != '/'; take_space()) {
            if (take_name().empty() || !take("=\"") || !take_text('"') || !take("\"")) return false;
        }
        return true;
    }
    /// With all that is in it, whose depth is bounded.
    bool take_element() {
        std::vector<string_view> open;
        do {
            if (take("</")) {
                if (open.empty() || take_name() != open.back() || !take(">")) return false;
                open.pop_back();
            } else {
                if (!take("<")) return false;
                const string_view name = take_name();
                if (name.empty() || !take_attributes()) return false;
                if (!take("/>")) {
                    if (!take(">")) return false;
                    open.push_back(name);
                }
            }
            if (!open.empty() && !take_text('<')) return false;
        } while (!open.empty());
        return true;
    }

    string_view rest_;
};

}  // namespace

bool is_harmless(string_view text, bool colors) {
    while (!text.empty()) {
        uint32_t code_point = 0;
        size_t bytes = colors ? color_bytes(text) : 0;
        if (bytes == 0) {
            bytes = character_bytes(text, code_point);
            const bool is_control = code_point < 0x20 ? code_point != '\n' : code_point >= 0x7F && code_point < 0xA0;
            if (bytes == 0 || is_control) return false;
        }
        text.remove_prefix(bytes);
    }
    return true;
}

bool is_xml(string_view text) {
    return Xml(text).is_document();
}

bool has_closed_quotes(string_view text) {
    bool is_open = false;
    for (size_t at = 0; at < text.size(); ++at) {
        if (is_open && text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            is_open = !is_open;
        else if (text[at] == '\n' && is_open)
            return false;
    }
    return !is_open;
}

}  // namespace fuzz
