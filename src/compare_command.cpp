// SPDX-License-Identifier: Apache-2.0
#include "compare_command.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "analyze/comparison.h"
#include "analyze/wait_meaning.h"
#include "output.h"
#include "policy/saved_report.h"
#include "policy/suppression.h"
#include "read/read.h"
#include "render/comparison.h"
#include "sources.h"
#include "symbolize/symbolize.h"

namespace command {
namespace {

constexpr int kNothingRead = 125;

/// The whole of a file that is no recording: a report, or one that comes through a pipe. Empty: it is one.
std::string read_report(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return "";
    std::ifstream file(path, std::ios::binary);
    if (!file) throw reader::Error(path + " cannot be read: " + std::strerror(errno));
    const bool is_regular = std::filesystem::is_regular_file(path, error);
    if (is_regular && file.peek() != '{') return "";
    const std::string text(std::istreambuf_iterator<char>(file), {});
    return text.empty() ? "\n" : text;
}

analyze::Digest digest_of(const std::string& path) {
    const std::string report = read_report(path);
    if (!report.empty()) return policy::digest_of_report(report, path);
    analyze::Digest digest;
    symbolize::Symbolizer symbolizer{symbolize::Options{}};
    look_at_source(path, [&](snapshot::Snapshot&& snapshot) {
        symbolizer.name(snapshot);
        analyze::name_waits(snapshot);
        digest.add(snapshot, analyze::analyze(snapshot));
    });
    return digest;
}

}  // namespace

int compare(const Options& options) {
    Outputs outputs(options, STDOUT_FILENO);
    try {
        const analyze::Comparison comparison = analyze::compare(digest_of(options.source), digest_of(options.newer));
        const bool written = outputs.write(0, [&](Format format, bool colored) {
            return format == Format::kJson ? render::json(comparison) : render::text(comparison, colored);
        });
        return written ? 0 : kNothingRead;
    } catch (const policy::Error& error) {
        throw reader::Error(error.what());
    }
}

}  // namespace command
