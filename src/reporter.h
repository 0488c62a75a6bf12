// SPDX-License-Identifier: Apache-2.0
//
// From snapshots to reports: names, judges, renders, writes.
#pragma once

#include "acceptance.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "snapshot/snapshot.h"
#include "symbolize/symbolize.h"

namespace command {

class Reporter {
public:
    Reporter(const Options& options, Output& output);

    /// As text, a process without findings gets no words unless --all is given or the user asked
    /// for this very report by a signal; as JSON each gets its object.
    void report(snapshot::Snapshot&& snapshot);

    /// After the last process.
    void finish();

    /// A verdict of --fail-on applied to a thread of some process.
    bool has_failed() const { return has_failed_; }
    /// Every report reached its destination.
    bool all_written() const { return all_written_; }

private:
    const Options& options_;
    Output& output_;
    Acceptance acceptance_;
    Progress progress_;
    symbolize::Symbolizer symbolizer_;
    bool has_failed_ = false;
    bool all_written_ = true;
};

}  // namespace command
