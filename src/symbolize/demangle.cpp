// SPDX-License-Identifier: Apache-2.0
#include "symbolize/demangle.h"

#include <cxxabi.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <memory>

#include "symbolize/rust_name.h"

namespace symbolize {

namespace {

using namespace std::literals;

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

bool is_copy_word(std::string_view word) {
    constexpr std::array kWords = {"cold"sv, "part"sv, "isra"sv, "constprop"sv, "lto_priv"sv, "llvm"sv, "localalias"sv};
    return all_digits(word) || std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

/// Go and others have dots of their own in names, so only known endings go.
std::string_view without_copy_suffix(std::string_view symbol) {
    for (size_t dot = symbol.rfind('.'); dot != std::string_view::npos && dot > 0; dot = symbol.rfind('.')) {
        if (!is_copy_word(symbol.substr(dot + 1))) break;
        symbol = symbol.substr(0, dot);
    }
    return symbol;
}

/// "::h" and 16 hexadecimal digits: how the older Rust scheme ends.
bool has_rust_hash(std::string_view name) {
    if (name.size() <= 19) return false;
    const std::string_view tail = name.substr(name.size() - 19);
    return tail.substr(0, 3) == "::h" &&
           std::all_of(tail.begin() + 3, tail.end(), [](unsigned char c) { return std::isxdigit(c); });
}

/// What stands between two '$' of a Rust name; empty: not an escape.
std::string rust_escape(std::string_view code) {
    struct Escape {
        std::string_view code;
        std::string_view text;
    };
    constexpr std::array kEscapes = {Escape{"SP", "@"}, Escape{"BP", "*"}, Escape{"RF", "&"}, Escape{"LT", "<"},
                                     Escape{"GT", ">"}, Escape{"LP", "("}, Escape{"RP", ")"}, Escape{"C", ","}};
    for (const Escape& escape : kEscapes) {
        if (escape.code == code) return std::string(escape.text);
    }
    if (code.size() != 3 || code[0] != 'u') return "";
    const std::string digits(code.substr(1));
    const long character = std::strtol(digits.c_str(), nullptr, 16);
    return character >= 0x20 && character < 0x7f ? std::string(1, static_cast<char>(character)) : "";
}

/// "_$LT$m..A$u20$as$u20$m..T$GT$::go" -> "<m::A as m::T>::go".
std::string without_rust_escapes(std::string_view name) {
    std::string plain;
    for (size_t at = 0; at < name.size();) {
        const bool starts_word = at == 0 || name[at - 1] == ':';
        if (starts_word && name.substr(at, 2) == "_$") ++at;
        if (name[at] == '$') {
            const size_t end = name.find('$', at + 1);
            const std::string text =
                end == std::string_view::npos ? "" : rust_escape(name.substr(at + 1, end - at - 1));
            if (!text.empty()) {
                plain += text;
                at = end + 1;
                continue;
            }
        }
        if (name.substr(at, 2) == "..") {
            plain += "::";
            at += 2;
            continue;
        }
        plain += name[at++];
    }
    return plain;
}

}  // namespace

bool is_rust_v0(std::string_view symbol) {
    return symbol.substr(0, 2) == "_R";
}

bool is_mangled(std::string_view symbol) {
    return symbol.substr(0, 2) == "_Z" || is_rust_v0(symbol);
}

std::string demangled(std::string_view symbol) {
    std::string plain(without_copy_suffix(symbol.substr(0, symbol.find('@'))));
    if (is_rust_v0(plain)) {
        std::string name = rust_name(plain);
        return name.empty() ? plain : name;
    }
    if (plain.substr(0, 2) != "_Z") return plain;
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> text(
        abi::__cxa_demangle(plain.c_str(), nullptr, nullptr, &status), &std::free);
    if (status != 0 || !text) return plain;
    std::string name = text.get();
    if (has_rust_hash(name)) return without_rust_escapes(std::string_view(name).substr(0, name.size() - 19));
    const size_t clone = name.find(" [clone ");
    if (clone != std::string::npos) name.resize(clone);
    return name;
}

}  // namespace symbolize
