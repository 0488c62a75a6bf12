// SPDX-License-Identifier: Apache-2.0
#include "acceptance.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "file_roles.h"
#include "output.h"
#include "policy/suppression_writer.h"
#include "text_file.h"

namespace command {
namespace {

constexpr size_t kMostTold = 5;
constexpr uint64_t kMostListMebibytes = 16;

/// Nothing changes until there is something to write.
void check_writable(const std::string& path) {
    if (path.empty()) return;
    const int made = open_for_writing(path, O_EXCL);
    if (made >= 0) unlink(path.c_str());
    const int opened = made < 0 && errno == EEXIST ? open_for_writing(path, O_APPEND) : made;
    if (opened < 0) throw UsageError(path + " cannot be written: " + std::strerror(errno));
    close(opened);
}

/// `how`: O_TRUNC or O_APPEND.
bool write_file(const std::string& path, const std::string& text, int how) {
    const int descriptor = open_for_writing(path, how);
    const bool written = descriptor >= 0 && write_all(descriptor, text);
    if (!written) remark(path + " cannot be written: " + std::strerror(errno));
    if (descriptor >= 0) close(descriptor);
    return written;
}

void tell(const std::vector<std::string>& lines) {
    const size_t told = std::min(lines.size(), kMostTold);
    for (size_t i = 0; i < told; ++i) remark(lines[i]);
    if (lines.size() > told) remark("and " + std::to_string(lines.size() - told) + " more");
}

}  // namespace

Acceptance::Acceptance(const Options& options) : options_(options) {
    const bool is_run = options.command == Command::kRun || options.command == Command::kGate;
    if (is_run) policy_.accept_killed_single_threads(static_cast<uint32_t>(getpid()));
    try {
        for (const std::string& path : options.suppressions) {
            const std::string text = text_of_file(path, kMostListMebibytes);
            policy_.add(policy::parse_suppressions(text, path));
            if (!are_one_file(path, options.write_suppressions)) continue;
            adds_suppressions_ = true;
            if (!text.empty() && text.back() != '\n') separator_ = "\n";
        }
        if (!options.baseline.empty()) {
            policy_.set_baseline(
                policy::parse_baseline(text_of_file(options.baseline, kMostListMebibytes), options.baseline),
                options.baseline);
        }
    } catch (const std::runtime_error& error) {
        if (options.command != Command::kAttend) throw UsageError(error.what());
        remark(error.what());  // the report is worth more than what it might leave out
    }
    check_writable(options.write_baseline);
    check_writable(options.write_suppressions);
}

void Acceptance::apply(const snapshot::Snapshot& snapshot, analyze::Analysis& analysis) {
    policy_.apply(snapshot, analysis);
    has_judged_ = true;
    for (const analyze::Finding& finding : analysis.findings) {
        const bool is_suppressed = finding.suppressed_by && !policy_.has_in_baseline(finding);
        if (is_suppressed || met_.messages.contains(finding.fingerprint)) continue;
        met_.add(finding);
        if (!finding.suppressed_by && !options_.write_suppressions.empty()) {
            written_suppressions_ += policy::write_suppression(snapshot, finding);
        }
    }
}

bool Acceptance::finish() {
    if (!has_judged_) return true;  // of nothing it can be said, and what is in the files stays
    bool all_written = true;
    if (!options_.write_baseline.empty()) {
        all_written = write_file(options_.write_baseline, policy::write_baseline(met_), O_TRUNC);
    }
    if (!options_.write_suppressions.empty() && !(adds_suppressions_ && written_suppressions_.empty())) {
        const int how = adds_suppressions_ ? O_APPEND : O_TRUNC;
        all_written = write_file(options_.write_suppressions, separator_ + written_suppressions_, how) && all_written;
    }
    std::vector<std::string> lines;
    for (const policy::Suppression& unused : policy_.unused()) {
        lines.push_back(unused.place + ": nothing was found that needs " + unused.text);
    }
    tell(lines);
    lines.clear();
    for (const std::string& message : policy_.gone())
        lines.push_back("gone from " + options_.baseline + ": " + message);
    tell(lines);
    return all_written;
}

bool Acceptance::is_stale() const {
    return options_.strict_suppressions && has_judged_ && !policy_.unused().empty();
}

}  // namespace command
