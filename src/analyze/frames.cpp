// SPDX-License-Identifier: Apache-2.0
#include "analyze/frames.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "analyze/language_runtimes.h"

namespace analyze {

namespace {

using std::string_view;

// Each is followed by a version ("libc.so.6", "ld-2.31.so").
constexpr std::array<string_view, 14> kRuntimeModules = {
    "libc.so",  "libc-2.",  "ld-linux", "ld-2.",   "ld.so",        "libpthread.so", "libpthread-2.",
    "librt.so", "librt-2.", "libdl.so", "libm.so", "libstdc++.so", "libgcc_s",      "libc++",
};
constexpr std::array<string_view, 3> kVirtualModules = {"[vdso]", "linux-vdso.so", "linux-gate.so"};
constexpr std::array<string_view, 6> kRuntimePrefixes = {"std::",        "__gnu_cxx::", "__gthread",
                                                         "__cxxabiv1::", "__cxa_",      "__libc_start"};
constexpr std::array<string_view, 6> kSystemLibraryFolders = {"/usr/lib/", "/lib/",           "/usr/lib64/",
                                                              "/lib64/",   "/usr/local/lib/", "/usr/lib32/"};
constexpr std::array<string_view, 8> kCloneSuffixes = {"isra",     "part",       "constprop", "cold",
                                                       "lto_priv", "localalias", "llvm",      "resume"};

bool contains(string_view text, string_view part) {
    return text.find(part) != string_view::npos;
}

template <size_t N>
bool starts_with_any(string_view text, const std::array<string_view, N>& prefixes) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [text](string_view prefix) { return text.starts_with(prefix); });
}

bool is_runtime_module(string_view path) {
    const string_view name = base_name(path);
    return starts_with_any(name, kRuntimeModules) || starts_with_any(name, kVirtualModules);
}

/// "/usr/include/c++/12/..." and its relatives, the inline functions of libc's headers, and
/// libstdc++ itself when it is linked statically.
bool is_runtime_file(string_view file) {
    const bool is_system_header = file.starts_with("/usr/") && contains(file, "/include/");
    return contains(file, "/include/c++/") || contains(file, "/libstdc++-v3/") ||
           (is_system_header && (contains(file, "/c++/") || contains(file, "/bits/")));
}

bool ends_in_decltype(string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text.ends_with("decltype");
}

/// Offset of the qualified name: behind the return type, which demangled templates carry.
size_t name_offset(string_view function) {
    size_t start = 0;
    int depth = 0;
    for (size_t at = 0; at < function.size(); ++at) {
        const char c = function[at];
        const string_view rest = function.substr(at);
        if (depth == 0) {
            if (rest.starts_with("operator") || rest.starts_with(" [clone") || rest.starts_with(" (.")) return start;
            if (c == ' ') start = at + 1;
            const bool opens_arguments = c == '(' && !rest.starts_with("(anonymous namespace)");
            if (opens_arguments && !ends_in_decltype(function.substr(0, at))) return start;
        }
        if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
        if ((c == '>' && function[at - (at > 0)] != '-') || c == ')' || c == '}' || c == ']') --depth;
    }
    return start;
}

bool is_runtime_function(string_view function) {
    return function == "_start" || starts_with_any(function.substr(name_offset(function)), kRuntimePrefixes);
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

std::string_view base_name(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == string_view::npos ? path : path.substr(slash + 1);
}

bool is_runtime_frame(const snapshot::Frame& frame) {
    if (frame.language != snapshot::Language::kNative) return is_interpreted_library_frame(frame);
    if (is_interpreter_frame(frame)) return true;
    if (is_runtime_module(frame.module)) return true;
    if (!frame.file.empty()) return is_runtime_file(frame.file);  // std::hash<Mine> in the program's file is its own
    return is_runtime_function(frame.function);
}

const snapshot::Frame* first_program_frame(const snapshot::Stack& stack) {
    const auto found = std::find_if_not(stack.frames.begin(), stack.frames.end(), is_runtime_frame);
    return found == stack.frames.end() ? nullptr : &*found;
}

bool is_in_system_library(const snapshot::Frame& frame) {
    return starts_with_any(frame.module, kSystemLibraryFolders);
}

std::string frame_words(const snapshot::Frame& frame) {
    return frame.function.empty() ? std::string(base_name(frame.module)) : frame.function;
}

std::string without_clone_suffixes(std::string_view function) {
    std::string name(function);
    erase_notes(name, " [clone ", ']');
    erase_notes(name, " (.", ')');
    for (size_t length = clone_suffix_length(name); length > 0; length = clone_suffix_length(name)) {
        name.resize(name.size() - length);
    }
    return name;
}

}  // namespace analyze
