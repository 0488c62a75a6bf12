// SPDX-License-Identifier: Apache-2.0
//
// From snapshots to reports: names, judges, renders, writes.
#pragma once

#include <memory>

#include "acceptance.h"
#include "documents.h"
#include "launch/launch.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "render/document.h"
#include "snapshot/snapshot.h"
#include "symbolize/symbolize.h"

namespace command {

class Reporter {
public:
    Reporter(const Options& options, Outputs& outputs);

    /// As text, a process without findings gets no words unless --all is given or the user asked
    /// for this very report by a signal; as JSON each gets its object.
    void report(snapshot::Snapshot&& snapshot);

    /// What of the run could not be observed, for the documents that name it.
    void note_unobserved(const launch::Result& result) { documents_.note_unobserved(result); }

    /// Documents of the whole run, as far as it is known: they are written again when more comes.
    void write_documents();

    /// After the last process.
    void finish();

    /// A verdict of --fail-on applied to a thread of some process.
    bool has_failed() const { return has_failed_; }
    /// Every report reached its destination.
    bool all_written() const { return all_written_; }

private:
    void write_text_total();
    std::string rendered(const Output& output, const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis,
                         bool fails) const;

    const Options& options_;
    Outputs& outputs_;
    Acceptance acceptance_;
    Documents documents_;
    Progress progress_;
    std::unique_ptr<render::Document> text_total_;
    symbolize::Symbolizer symbolizer_;
    bool has_failed_ = false;
    bool all_written_ = true;
};

}  // namespace command
