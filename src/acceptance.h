// SPDX-License-Identifier: Apache-2.0
//
// The files of what is accepted: those given are read, those asked for are written.
#pragma once

#include <string>

#include "analyze/finding.h"
#include "options.h"
#include "policy/policy.h"
#include "snapshot/snapshot.h"

namespace command {

class Acceptance {
public:
    /// Reads --suppressions and --baseline, makes the files to be written. Throws UsageError.
    explicit Acceptance(const Options& options);

    void apply(const snapshot::Snapshot& snapshot, analyze::Analysis& analysis);

    /// After the last process: writes the files, and tells of entries that nothing needed. False: a file
    /// could not be written.
    bool finish();
    /// --strict-suppressions, and there are entries that nothing needed.
    bool is_stale() const;

private:
    const Options& options_;
    policy::Policy policy_;
    policy::Baseline met_;
    std::string written_suppressions_;
    bool adds_suppressions_ = false;  ///< --write-suppressions names a file that --suppressions reads: its entries stay
    std::string separator_;           ///< before what is added: its last line may lack an end
    bool has_judged_ = false;         ///< a process at least
};

}  // namespace command
