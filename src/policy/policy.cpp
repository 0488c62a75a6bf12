// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <algorithm>
#include <utility>

namespace policy {

namespace {

constexpr char kBuiltIn[] = R"(# Pools of OpenMP and TBB that wait for work
verdict:blocked started:/libgomp.so top:/libgomp.so
verdict:blocked started:/libomp.so top:/libomp.so
verdict:blocked started:/libtbb.so top:/libtbb.so
# libc's own: timers, asynchronous I/O and message queues that notify by thread, getaddrinfo_a
verdict:blocked started:/libc.so.6 top:/libc.so.6
verdict:alive started:/libc.so.6 top:/libc.so.6
# The Rust toolchain, as cargo test runs it: rustup before it becomes cargo or rustc, the compiler, LLVM's linker
verdict:blocked module:/rustup$
verdict:alive module:/rustup$
verdict:blocked created_by:/librustc_driver-
verdict:alive created_by:/librustc_driver-
verdict:blocked top:^llvm::parallel::detail::
)";

std::set<uint32_t> threads_left(const std::vector<analyze::Finding>& findings) {
    std::set<uint32_t> left;
    for (const analyze::Finding& finding : findings) {
        if (finding.suppressed_by) continue;
        left.insert(finding.threads.begin(), finding.threads.end());
        left.insert(finding.behind.begin(), finding.behind.end());
    }
    return left;
}

}  // namespace

const char* built_in_suppressions() {
    return kBuiltIn;
}

Policy::Policy() {
    for (Suppression& suppression : parse_suppressions(kBuiltIn, "built-in")) {
        entries_.push_back({std::move(suppression), /*is_built_in=*/true, false});
    }
}

void Policy::add(std::vector<Suppression> suppressions) {
    for (Suppression& suppression : suppressions) entries_.push_back({std::move(suppression), false, false});
}

void Policy::set_baseline(Baseline baseline, std::string file) {
    baseline_ = std::move(baseline);
    baseline_file_ = std::move(file);
}

void Policy::accept_killed_single_threads(uint32_t but_children_of) {
    judges_killed_children_of_ = but_children_of;
}

/// What could never have gone on was not ended by the kill.
bool Policy::is_accepted_kill(const snapshot::Snapshot& snapshot, const analyze::Finding& finding) const {
    const snapshot::Process& process = snapshot.process;
    const bool was_killed = process.reason == snapshot::Reason::kPostMortem &&
                            (process.end == snapshot::End::kSignal || process.end == snapshot::End::kUnknown);
    // What is no mere fact of a thread that waits or runs was there before the kill.
    const bool may_be_meant = finding.verdict >= analyze::Verdict::kAsleep &&
                              finding.certainty != analyze::Certainty::kProved && snapshot.losses.threads == 0;
    return judges_killed_children_of_ && was_killed && may_be_meant && snapshot.threads.size() == 1 &&
           process.ppid != *judges_killed_children_of_;
}

/// All that fit are used, the first one is named.
std::optional<std::string> Policy::accepted_by(const snapshot::Snapshot& snapshot, const analyze::Finding& finding) {
    std::optional<std::string> by;
    for (Entry& entry : entries_) {
        if (!fits(entry.suppression, snapshot, finding)) continue;
        entry.is_used = true;
        if (!by) by = entry.suppression.place + ": " + entry.suppression.text;
    }
    if (baseline_ && baseline_->messages.contains(finding.fingerprint)) {
        met_.insert(finding.fingerprint);
        if (!by) by = "baseline " + baseline_file_;
    }
    if (!by && is_accepted_kill(snapshot, finding)) by = "built-in: killed, with no other thread";
    return by;
}

void Policy::apply(const snapshot::Snapshot& snapshot, analyze::Analysis& analysis) {
    std::set<uint32_t> accepted;
    for (analyze::Finding& finding : analysis.findings) {
        finding.suppressed_by = accepted_by(snapshot, finding);
        if (!finding.suppressed_by) continue;
        accepted.insert(finding.threads.begin(), finding.threads.end());
        accepted.insert(finding.behind.begin(), finding.behind.end());
    }
    const std::set<uint32_t> left = threads_left(analysis.findings);
    for (const uint32_t thread : accepted) {
        if (!left.contains(thread)) analysis.applies.erase(thread);
    }
}

bool Policy::has_in_baseline(const analyze::Finding& finding) const {
    return baseline_ && baseline_->messages.contains(finding.fingerprint);
}

std::vector<Suppression> Policy::unused() const {
    std::vector<Suppression> unused;
    for (const Entry& entry : entries_) {
        if (!entry.is_built_in && !entry.is_used) unused.push_back(entry.suppression);
    }
    return unused;
}

std::vector<std::string> Policy::gone() const {
    std::vector<std::string> gone;
    if (!baseline_) return gone;
    for (const auto& [fingerprint, message] : baseline_->messages) {
        if (!met_.contains(fingerprint)) gone.push_back(message.empty() ? fingerprint : message);
    }
    return gone;
}

}  // namespace policy
