// SPDX-License-Identifier: Apache-2.0
#include "analyze/frames.h"

#include <algorithm>
#include <array>
#include <optional>

#include "analyze/function_name.h"
#include "analyze/language_runtimes.h"
#include "analyze/pattern.h"

namespace analyze {

namespace {

using std::string_view;

struct Code {
    Origin origin;
    string_view words;
};

using enum Origin;

#define MODULE(origin, start) Code{origin, start},
#define SOURCE(origin, pattern)
#define FUNCTION(origin, start)
constexpr Code kModules[] = {
#include "analyze/library_code.inc"
};
#undef MODULE
#undef SOURCE
#define MODULE(origin, start)
#define SOURCE(origin, pattern) Code{origin, pattern},
constexpr Code kSources[] = {
#include "analyze/library_code.inc"
};
#undef SOURCE
#undef FUNCTION
#define SOURCE(origin, pattern)
#define FUNCTION(origin, start) Code{origin, start},
constexpr Code kFunctions[] = {
#include "analyze/library_code.inc"
};
#undef MODULE
#undef SOURCE
#undef FUNCTION

constexpr std::array<string_view, 6> kSystemLibraryFolders = {"/usr/lib/", "/lib/",           "/usr/lib64/",
                                                              "/lib64/",   "/usr/local/lib/", "/usr/lib32/"};

bool contains(string_view text, string_view part) {
    return text.find(part) != string_view::npos;
}

template <size_t count, typename Predicate>
std::optional<Origin> first_origin(const Code (&rows)[count], Predicate applies) {
    const auto found = std::find_if(std::begin(rows), std::end(rows), [&](const Code& row) { return applies(row); });
    return found == std::end(rows) ? std::nullopt : std::optional(found->origin);
}

std::optional<Origin> origin_of_module(string_view path) {
    return first_origin(kModules, [name = base_name(path)](const Code& row) { return name.starts_with(row.words); });
}

/// The inline functions of libc's headers too.
std::optional<Origin> origin_of_file(string_view file) {
    const bool is_system_header = file.starts_with("/usr/") && contains(file, "/include/");
    if (is_system_header && (contains(file, "/c++/") || contains(file, "/bits/"))) return kRuntime;
    return first_origin(kSources, [file](const Code& row) { return matches(file, row.words); });
}

std::optional<Origin> origin_of_function(string_view function) {
    if (function == "_start") return kRuntime;
    string_view name = without_return_type(function);
    if (name.starts_with('<')) name.remove_prefix(1);  // Rust: <std::Type as Trait>::method
    return first_origin(kFunctions, [name](const Code& row) { return name.starts_with(row.words); });
}

}  // namespace

std::string_view base_name(std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == string_view::npos ? path : path.substr(slash + 1);
}

Origin origin_of(const snapshot::Frame& frame) {
    if (frame.language != snapshot::Language::kNative) return is_interpreted_library_frame(frame) ? kLibrary : kProgram;
    if (is_interpreter_frame(frame)) return kRuntime;
    if (frame.signal_return) return kRuntime;
    if (const auto origin = origin_of_module(frame.module)) return *origin;
    // std::hash<Mine> in the program's file is its own.
    const auto origin = frame.file.empty() ? origin_of_function(frame.function) : origin_of_file(frame.file);
    return origin.value_or(kProgram);
}

Origin nearest_origin(const snapshot::Stack& stack) {
    Origin nearest = kRuntime;
    for (const snapshot::Frame& frame : stack.frames) nearest = std::min(nearest, origin_of(frame));
    return nearest;
}

bool is_runtime_frame(const snapshot::Frame& frame) {
    return origin_of(frame) != kProgram;
}

const snapshot::Frame* first_program_frame(const snapshot::Stack& stack) {
    const Origin nearest = nearest_origin(stack);
    if (nearest == kRuntime) return nullptr;
    const auto found = std::find_if(stack.frames.begin(), stack.frames.end(),
                                    [nearest](const auto& frame) { return origin_of(frame) == nearest; });
    return found == stack.frames.end() ? nullptr : &*found;
}

bool is_in_system_library(const snapshot::Frame& frame) {
    return std::any_of(kSystemLibraryFolders.begin(), kSystemLibraryFolders.end(),
                       [&frame](string_view folder) { return frame.module.starts_with(folder); });
}

std::string frame_words(const snapshot::Frame& frame) {
    return frame.function.empty() ? std::string(base_name(frame.module)) : frame.function;
}

}  // namespace analyze
