// SPDX-License-Identifier: Apache-2.0
#include "render/finding_texts.h"

#include <vector>

#include "render/blocks.h"
#include "render/headlines.h"

namespace render {

FindingTexts::FindingTexts(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis,
                           const TextOptions& options)
    : sheet_(snapshot, analysis, options) {}

std::string FindingTexts::of(const analyze::Finding& finding) {
    sheet_.page = Page();
    sheet_.findings = {&finding};
    sheet_.planned.clear();
    sheet_.awaited.clear();
    sheet_.printed.clear();
    const std::vector<Block> blocks = finding_blocks(sheet_);
    for (const Block& block : blocks) sheet_.plan(ids_of(block.group));
    print_headlines(sheet_);
    for (const Block& block : blocks) print_block(sheet_, block);
    print_lock_orders(sheet_);
    return sheet_.page.laid_out(false);
}

}  // namespace render
