// SPDX-License-Identifier: Apache-2.0
#include "compare_command.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "analyze/comparison.h"
#include "analyze/wait_meaning.h"
#include "exit_status.h"
#include "output.h"
#include "policy/saved_report.h"
#include "policy/suppression.h"
#include "read/read.h"
#include "render/comparison.h"
#include "sources.h"
#include "symbolize/symbolize.h"
#include "text_file.h"

namespace command {
namespace {

constexpr uint64_t kMostReportMebibytes = 1024;  // a report of many thousands of threads has less

/// What begins otherwise is a recording; what comes through a pipe is none.
bool may_be_report(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) return false;
    if (!std::filesystem::is_regular_file(path, error)) return true;
    std::ifstream file(path, std::ios::binary);
    return !file || file.peek() == '{';
}

analyze::Digest digest_of(const std::string& path) {
    if (may_be_report(path)) return policy::digest_of_report(text_of_file(path, kMostReportMebibytes), path);
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
        // One after the other: where neither can be read, the first is named.
        const analyze::Digest old = digest_of(options.source);
        const analyze::Comparison comparison = analyze::compare(old, digest_of(options.newer));
        const bool written = outputs.write(0, [&](Format format, bool colored) {
            return format == Format::kJson ? render::json(comparison) : render::text(comparison, colored);
        });
        return written ? 0 : kCannot;
    } catch (const policy::Error& error) {
        throw reader::Error(error.what());
    }
}

}  // namespace command
