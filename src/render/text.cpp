// SPDX-License-Identifier: Apache-2.0
//
// The order of the text report: head, what is wrong, the threads it is wrong with, the others, verdict.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "render/blocks.h"
#include "render/headlines.h"
#include "render/render.h"
#include "render/roots.h"
#include "render/sheet.h"
#include "render/summary.h"
#include "render/words.h"

namespace render {

namespace {

void plan(Sheet& sheet, const std::vector<Block>& blocks) {
    for (const Block& block : blocks) sheet.plan(ids_of(block.group));
}

void print_others(Sheet& sheet, const std::vector<Block>& others) {
    if (!sheet.findings.empty() && !others.empty()) {
        size_t threads = 0;
        for (const Block& block : others) threads += block.group.size();
        sheet.page.add_gap();
        sheet.page.add(counted(threads, "other thread") + ":");
    }
    for (const Block& block : others) print_block(sheet, block);
}

}  // namespace

std::string text(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis, const TextOptions& options) {
    Sheet sheet(snapshot, analysis, options);
    if (sheet.findings.empty() && !options.all) return {};
    const std::vector<Block> found = finding_blocks(sheet);
    const std::vector<Block> others = options.all ? other_blocks(sheet, found) : std::vector<Block>();
    plan(sheet, found);
    plan(sheet, others);

    print_head(sheet);
    print_headlines(sheet);
    print_roots(sheet);
    for (const Block& block : found) print_block(sheet, block);
    print_lock_orders(sheet);
    print_misuses(sheet);
    print_others(sheet, others);
    print_verdict(sheet);
    return sheet.page.laid_out(options.color);
}

}  // namespace render
