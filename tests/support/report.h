// SPDX-License-Identifier: Apache-2.0
//
// Finding things in JSON reports (the shape is a contract with users) and in marked source files.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace report {

using Json = nlohmann::json;

inline std::string read_text(const std::filesystem::path& path) {
    std::ifstream file(path);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Number of the only line that contains `marker`, counted from 1.
inline int line_of(std::string_view source_text, std::string_view marker) {
    const size_t at = source_text.find(marker);
    if (at == std::string_view::npos) throw std::runtime_error("no line with " + std::string(marker));
    if (source_text.find(marker, at + 1) != std::string_view::npos) {
        throw std::runtime_error("more than one line with " + std::string(marker));
    }
    return 1 + static_cast<int>(std::count(source_text.begin(), source_text.begin() + static_cast<long>(at), '\n'));
}

/// A marked place in a source: the line ends in `// SITE(key) function`.
struct Site {
    std::string file;
    int line = 0;
    std::string function;
};

inline Site site_of(const std::filesystem::path& source, std::string_view key) {
    const std::string text = read_text(source);
    const std::string marker = "// SITE(" + std::string(key) + ") ";
    const size_t name = text.find(marker) + marker.size();
    return {source.lexically_normal().string(), line_of(text, marker), text.substr(name, text.find('\n', name) - name)};
}

/// `name` as a whole word: "send" is in "Channel<int>::send(int)", not in "send_for(int)".
inline bool names_function(std::string_view function, std::string_view name) {
    const auto is_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (size_t at = function.find(name); at != std::string_view::npos; at = function.find(name, at + 1)) {
        const size_t end = at + name.size();
        if ((at == 0 || !is_word(function[at - 1])) && (end == function.size() || !is_word(function[end]))) return true;
    }
    return false;
}

inline std::string text_of(const Json& field) {
    return field.is_string() ? field.get<std::string>() : std::string();
}

/// Not of libc, the language runtime or their headers.
inline bool is_program_frame(const Json& frame) {
    const std::string module = std::filesystem::path(text_of(frame.at("module"))).filename();
    for (const char* const runtime : {"libc.so", "libstdc++.so", "libgcc_s.so", "libpthread.so", "ld-linux"}) {
        if (module.starts_with(runtime)) return false;
    }
    const std::string file = text_of(frame.at("file"));
    return !file.empty() && !file.starts_with("/usr/");
}

/// The frames of `stack` that the program's own sources account for, innermost first.
inline std::vector<Json> program_frames(const Json& stack) {
    std::vector<Json> frames;
    std::copy_if(stack.begin(), stack.end(), std::back_inserter(frames), is_program_frame);
    return frames;
}

inline bool is_at(const Json& frame, const Site& site) {
    const std::string file = std::filesystem::path(text_of(frame.at("file"))).lexically_normal();
    return file == site.file && frame.at("line") == site.line &&
           names_function(text_of(frame.at("function")), site.function);
}

inline std::string describe(const Json& stack) {
    std::ostringstream text;
    for (const Json& frame : stack) {
        text << "    " << text_of(frame.at("function")) << "  " << text_of(frame.at("file")) << ":" << frame.at("line")
             << "  " << text_of(frame.at("module")) << (frame.at("inlined") == true ? "  (inlined)" : "") << "\n";
    }
    return text.str().empty() ? "    (empty)\n" : text.str();
}

inline std::string describe(const Site& site) {
    return site.function + "  " + site.file + ":" + std::to_string(site.line);
}

/// The first frame of the program is at `site`.
inline testing::AssertionResult starts_at(const Json& stack, const Site& site) {
    const std::vector<Json> frames = program_frames(stack);
    if (!frames.empty() && is_at(frames.front(), site)) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "expected " << describe(site) << " first in\n" << describe(stack);
}

/// Some frame is at `site`.
inline testing::AssertionResult passes(const Json& stack, const Site& site) {
    if (std::any_of(stack.begin(), stack.end(), [&](const Json& frame) { return is_at(frame, site); })) {
        return testing::AssertionSuccess();
    }
    return testing::AssertionFailure() << "expected " << describe(site) << " in\n" << describe(stack);
}

/// The thread with this number. Throws when the report does not list it.
inline const Json& thread(const Json& report, int id) {
    for (const Json& one : report.at("threads")) {
        if (one.at("id") == id) return one;
    }
    throw std::runtime_error("no thread T" + std::to_string(id) + " in the report");
}

/// Findings with this verdict.
inline std::vector<Json> findings(const Json& report, std::string_view verdict) {
    std::vector<Json> found;
    for (const Json& one : report.at("findings")) {
        if (one.at("verdict") == verdict) found.push_back(one);
    }
    return found;
}

/// "deadlock proved", ...: every finding's verdict and certainty, in the report's order.
inline std::vector<std::string> verdicts(const Json& report) {
    std::vector<std::string> words;
    for (const Json& one : report.at("findings")) {
        words.push_back(text_of(one.at("verdict")) + " " + text_of(one.at("certainty")));
    }
    return words;
}

/// Thread numbers in a finding's "threads" or "behind", as a set.
inline std::set<int> threads_of(const Json& finding, const char* field = "threads") {
    return finding.at(field).get<std::set<int>>();
}

}  // namespace report
