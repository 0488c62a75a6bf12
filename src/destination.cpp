// SPDX-License-Identifier: Apache-2.0
#include "destination.h"

#include <algorithm>
#include <iterator>

#include "file_roles.h"

namespace command {
namespace {

struct FormatRow {
    Format format;
    const char* name;
};
constexpr FormatRow kFormats[] = {
    {Format::kText, "text"},     {Format::kJson, "json"},     {Format::kJunit, "junit"},
    {Format::kSarif, "sarif"},   {Format::kGithub, "github"}, {Format::kGitlab, "gitlab"},
    {Format::kFolded, "folded"}, {Format::kPprof, "pprof"},   {Format::kDot, "dot"},
};
constexpr std::string_view kNames = "text, json, junit, sarif, github, gitlab, folded, pprof or dot";

Destination parse(const std::string& text, bool of_threads) {
    const size_t equals = std::min(text.find('='), text.size());
    const std::string name = text.substr(0, equals);
    const auto row = std::find_if(std::begin(kFormats), std::end(kFormats),
                                  [&](const FormatRow& candidate) { return name == candidate.name; });
    const bool fits = row != std::end(kFormats) && (of_threads || is_one_a_process(row->format));
    if (!fits) throw UsageError("--format: '" + name + "' is not " + std::string(of_threads ? kNames : "text or json"));
    if (equals + 1 == text.size()) throw UsageError("--format: " + text + " names no file");
    return {row->format, equals == text.size() ? "" : text.substr(equals + 1)};
}

/// A place that two formats share would hold what no reader of either understands.
void refuse_shared_places(const std::vector<Destination>& destinations) {
    for (auto one = destinations.begin(); one != destinations.end(); ++one) {
        for (auto other = one + 1; other != destinations.end(); ++other) {
            const bool is_stream = one->file.empty() && other->file.empty();
            if (!are_one_file(one->file, other->file)) continue;
            if (is_stream && is_for_people(one->format) && is_for_people(other->format)) continue;
            const std::string second(word(other->format));
            throw UsageError("--format: " + std::string(word(one->format)) + " and " + second + " cannot share " +
                             (is_stream ? "a stream" : one->file) + "; give each a file of its own: --format " +
                             second + "=FILE");
        }
    }
}

}  // namespace

std::string_view word(Format format) {
    const auto row = std::find_if(std::begin(kFormats), std::end(kFormats),
                                  [format](const FormatRow& candidate) { return candidate.format == format; });
    return row == std::end(kFormats) ? "" : row->name;
}

std::string_view format_names() {
    return kNames;
}

std::vector<std::string> format_words(bool of_threads) {
    std::vector<std::string> words;
    for (const FormatRow& row : kFormats) {
        if (of_threads || is_one_a_process(row.format)) words.emplace_back(row.name);
    }
    return words;
}

bool is_one_a_process(Format format) {
    return format == Format::kText || format == Format::kJson;
}

bool is_for_people(Format format) {
    return format == Format::kText || format == Format::kGithub;
}

std::vector<Destination> settle_destinations(const std::vector<std::string>& formats, const std::string& output,
                                             bool of_threads) {
    std::vector<Destination> wanted;
    for (const std::string& text : formats) {
        Destination destination = parse(text, of_threads);
        if (destination.file.empty()) destination.file = output;
        if (std::find(wanted.begin(), wanted.end(), destination) == wanted.end()) wanted.push_back(destination);
    }
    if (wanted.empty()) wanted.push_back({Format::kText, output});
    const auto goes_there = [&output](const Destination& one) { return one.file == output; };
    if (!output.empty() && std::none_of(wanted.begin(), wanted.end(), goes_there))
        throw UsageError("-o: nothing goes to " + output + ": every --format has a file of its own");
    refuse_shared_places(wanted);
    return wanted;
}

}  // namespace command
