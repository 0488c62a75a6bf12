// SPDX-License-Identifier: Apache-2.0
//
// The formats of a report and where each goes: --format and -o.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace command {

/// The command line cannot be used; the message is one line that names the problem. Status 2.
struct UsageError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

enum class Format { kText, kJson, kJunit, kSarif, kGithub, kGitlab, kFolded, kPprof, kDot };

/// One shape of the report, and where it goes.
struct Destination {
    Format format = Format::kText;
    std::string file;  ///< "%p" stands for the pid; empty: the command's own stream

    bool operator==(const Destination&) const = default;
};

std::string_view word(Format format);
/// "text, json, ... or dot"
std::string_view format_names();

/// The words that --format takes; `of_threads`: in commands that report threads.
std::vector<std::string> format_words(bool of_threads);

/// A report a process, written when it is made; the others are one document of all processes.
bool is_one_a_process(Format format);
/// Lines for people, and lines that a CI service picks out of them: only these share a stream.
bool is_for_people(Format format);

/// `formats`: the values of --format, "junit" or "junit=out.xml"; none: text. `output`: that of -o, for
/// those without a file of their own; empty: the stream. `of_threads`: else only text and JSON are there.
/// Throws UsageError.
std::vector<Destination> settle_destinations(const std::vector<std::string>& formats, const std::string& output,
                                             bool of_threads);

}  // namespace command
