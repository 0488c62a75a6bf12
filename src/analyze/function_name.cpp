// SPDX-License-Identifier: Apache-2.0
#include "analyze/function_name.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace analyze {

namespace {

using std::string_view;

constexpr std::array<string_view, 8> kCloneSuffixes = {"isra",     "part",       "constprop", "cold",
                                                       "lto_priv", "localalias", "llvm",      "resume"};
constexpr string_view kAnonymous = "(anonymous namespace)";

bool ends_in_decltype(string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text.ends_with("decltype");
}

bool opens(char c) {
    return c == '<' || c == '(' || c == '{' || c == '[';
}

/// Not of "->".
bool closes(string_view text, size_t at) {
    const char c = text[at];
    return (c == '>' && (at == 0 || text[at - 1] != '-')) || c == ')' || c == '}' || c == ']';
}

/// One past the bracket that closes the one at `start`; the end where none does.
size_t end_of_brackets(string_view text, size_t start) {
    int depth = 0;
    for (size_t at = start; at < text.size(); ++at) {
        if (opens(text[at])) ++depth;
        if (closes(text, at) && --depth == 0) return at + 1;
    }
    return text.size();
}

/// "Type<T>" of "Type<T> as Trait<U>".
string_view implementing_type(string_view text) {
    for (size_t at = 0; at < text.size(); ++at) {
        if (opens(text[at])) at = end_of_brackets(text, at) - 1;
        if (at < text.size() && text.substr(at).starts_with(" as ")) return text.substr(0, at);
    }
    return text;
}

/// Length of the ".isra.0" or ".cold" that `name` ends in; else 0.
size_t clone_suffix_length(string_view name) {
    string_view body = name;
    while (!body.empty() && std::isdigit(static_cast<unsigned char>(body.back())) != 0) body.remove_suffix(1);
    if (body.size() < name.size() && body.ends_with('.')) {
        body.remove_suffix(1);
    } else {
        body = name;
    }
    const size_t dot = body.rfind('.');
    if (dot == string_view::npos || dot == 0) return 0;
    const bool known =
        std::find(kCloneSuffixes.begin(), kCloneSuffixes.end(), body.substr(dot + 1)) != kCloneSuffixes.end();
    return known ? name.size() - dot : 0;
}

/// Cuts every " [clone .part.0]" (GNU) and " (.part.0)" (LLVM) out.
void erase_notes(std::string& name, string_view opening, char closing) {
    for (size_t from = name.find(opening); from != std::string::npos; from = name.find(opening, from)) {
        const size_t to = name.find(closing, from);
        if (to == std::string::npos) return;
        name.erase(from, to - from + 1);
    }
}

}  // namespace

std::string_view without_return_type(string_view function) {
    size_t start = 0;
    int depth = 0;
    for (size_t at = 0; at < function.size(); ++at) {
        const char c = function[at];
        const string_view rest = function.substr(at);
        if (depth == 0) {
            if (rest.starts_with("operator") || rest.starts_with(" [clone") || rest.starts_with(" (.")) break;
            if (c == ' ') start = at + 1;
            const bool opens_arguments = c == '(' && !rest.starts_with(kAnonymous);
            if (opens_arguments && !ends_in_decltype(function.substr(0, at))) break;
        }
        if (opens(c)) ++depth;
        if (closes(function, at)) --depth;
    }
    return function.substr(start);
}

std::string qualified_name(string_view function) {
    string_view rest = without_return_type(function);
    std::string name;
    if (rest.starts_with('<')) {
        const size_t end = end_of_brackets(rest, 0);
        if (end > 2) name = qualified_name(implementing_type(rest.substr(1, end - 2)));
        rest.remove_prefix(end);
    }
    while (!rest.empty()) {
        size_t used = 1;
        if (rest.front() == '<') {
            used = end_of_brackets(rest, 0);
        } else if (rest.starts_with(kAnonymous)) {
            used = kAnonymous.size();
            name.append(kAnonymous);
        } else if (rest.front() == '(' || rest.front() == ' ') {
            break;
        } else {
            name.push_back(rest.front());
        }
        rest.remove_prefix(used);
    }
    return name;
}

std::string without_clone_suffixes(string_view function) {
    std::string name(function);
    erase_notes(name, " [clone ", ']');
    erase_notes(name, " (.", ')');
    for (size_t length = clone_suffix_length(name); length > 0; length = clone_suffix_length(name)) {
        name.resize(name.size() - length);
    }
    return name;
}

}  // namespace analyze
