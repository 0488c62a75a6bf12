// SPDX-License-Identifier: Apache-2.0
#include "file_roles.h"

#include <filesystem>
#include <system_error>
#include <vector>

namespace command {
namespace {

struct NamedFile {
    std::string option;  ///< as the user knows it
    std::string path;
};

std::vector<NamedFile> files_read(const Options& options) {
    std::vector<NamedFile> files;
    for (const std::string& path : options.suppressions) files.push_back({"--suppressions", path});
    files.push_back({"--baseline", options.baseline});
    if (options.command != Command::kReport && options.command != Command::kDiff) return files;
    for (const std::string& source : {options.source, options.newer}) {
        // The number of a process is no file.
        if (std::error_code error; std::filesystem::exists(source, error)) files.push_back({"the source", source});
    }
    return files;
}

std::vector<NamedFile> files_written(const Options& options) {
    std::vector<NamedFile> files;
    for (const Destination& destination : options.destinations) files.push_back({"a report", destination.file});
    files.insert(files.end(),
                 {{"--write-baseline", options.write_baseline}, {"--write-suppressions", options.write_suppressions}});
    return files;
}

/// Destinations among each other are settled already: lines for people may share a place.
bool may_share(const NamedFile& one, const NamedFile& other) {
    return (one.option == "--suppressions" && other.option == "--write-suppressions") ||
           (one.option == "--baseline" && other.option == "--write-baseline") || one.option == other.option;
}

bool is_device(const std::string& path) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    return std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
}

void refuse_shared(const NamedFile& one, const NamedFile& other) {
    if (may_share(one, other) || one.path.empty() || is_device(one.path) || !are_one_file(one.path, other.path)) return;
    throw UsageError(other.path + ": " + one.option + " and " + other.option +
                     " cannot be one file; give each a file of its own");
}

}  // namespace

bool are_one_file(const std::string& one, const std::string& other) {
    if (one.empty() || other.empty()) return one.empty() && other.empty();
    std::error_code error;
    if (std::filesystem::equivalent(one, other, error)) return true;
    const auto plain = [&error](const std::string& path) {
        const std::filesystem::path real =
            std::filesystem::weakly_canonical(std::filesystem::absolute(path, error), error);
        return error ? path : real.string();
    };
    return plain(one) == plain(other);
}

void refuse_shared_files(const Options& options) {
    const std::vector<NamedFile> written = files_written(options);
    for (const NamedFile& input : files_read(options)) {
        for (const NamedFile& output : written) refuse_shared(input, output);
    }
    for (auto one = written.begin(); one != written.end(); ++one) {
        for (auto other = one + 1; other != written.end(); ++other) refuse_shared(*one, *other);
    }
}

}  // namespace command
