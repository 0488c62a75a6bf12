// SPDX-License-Identifier: Apache-2.0
//
// The part of the text report that is about one finding.
#pragma once

#include <string>

#include "analyze/finding.h"
#include "render/render.h"
#include "render/sheet.h"
#include "snapshot/snapshot.h"

namespace render {

class FindingTexts {
public:
    /// Keeps references.
    FindingTexts(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis, const TextOptions& options);

    /// Its headline and the blocks of its threads, those that wait behind it too.
    std::string of(const analyze::Finding& finding);

private:
    Sheet sheet_;
};

}  // namespace render
