// SPDX-License-Identifier: Apache-2.0
//
// What a team accepts: findings that a suppression fits or a baseline has are still told in machine
// formats, with the reason, but fail nothing.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "analyze/finding.h"
#include "policy/baseline.h"
#include "policy/suppression.h"
#include "snapshot/snapshot.h"

namespace policy {

/// Idle helpers of runtimes that programs leave behind without knowing of them, as a suppressions file.
const char* built_in_suppressions();

class Policy {
public:
    Policy();

    void add(std::vector<Suppression> suppressions);
    void set_baseline(Baseline baseline, std::string file);

    /// From now on: nothing was left behind by a process of one thread that others ended, unless it is proved to have
    /// been stuck. For runs, which judge helpers that tests kill; whoever asks about a killed process wants to know
    /// what it was in.
    void accept_killed_single_threads(uint32_t but_children_of);

    /// Notes in each finding what accepts it. A thread none of whose findings is left fails no more.
    void apply(const snapshot::Snapshot& snapshot, analyze::Analysis& analysis);

    /// Whatever else accepts it.
    bool has_in_baseline(const analyze::Finding& finding) const;
    /// The user's entries that no finding fitted in any process so far, in the files' order.
    std::vector<Suppression> unused() const;
    /// Messages of the baseline's findings that no process had so far.
    std::vector<std::string> gone() const;

private:
    struct Entry {
        Suppression suppression;
        bool is_built_in = false;
        bool is_used = false;
    };
    bool is_accepted_kill(const snapshot::Snapshot& snapshot, const analyze::Finding& finding) const;
    std::optional<std::string> accepted_by(const snapshot::Snapshot& snapshot, const analyze::Finding& finding);

    std::vector<Entry> entries_;
    std::optional<uint32_t> judges_killed_children_of_;
    std::optional<Baseline> baseline_;
    std::string baseline_file_;
    std::set<std::string> met_;  ///< fingerprints of the baseline
};

}  // namespace policy
