// SPDX-License-Identifier: Apache-2.0
//
// The formats that are one document of a whole run: collected, and written when the run ends or is about
// to be ended.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>

#include "analyze/finding.h"
#include "launch/launch.h"
#include "options.h"
#include "output.h"
#include "render/document.h"
#include "snapshot/snapshot.h"

namespace command {

class Documents {
public:
    Documents(const Options& options, Outputs& outputs);

    void add(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis);
    void note_unobserved(const launch::Result& result);

    /// What there is so far. False: one did not reach its destination.
    bool write();
    /// GitHub shows this file's Markdown on the page of the run; of --format github, once, at the end.
    void write_step_summary();

private:
    render::Document& document_for(Output& output, uint32_t pid);

    Outputs& outputs_;
    render::RunFacts facts_;
    std::map<std::pair<Output*, uint32_t>, std::unique_ptr<render::Document>> documents_;  ///< pid 0: of all
    std::unique_ptr<render::Document> step_summary_;
};

}  // namespace command
