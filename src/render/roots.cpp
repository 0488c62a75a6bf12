// SPDX-License-Identifier: Apache-2.0
#include "render/roots.h"

#include <fmt/format.h>

#include <algorithm>

#include "render/evidence.h"
#include "render/waits.h"
#include "render/words.h"

namespace render {

namespace {

using analyze::Branch;
using analyze::RootBlocker;
using snapshot::LockKind;

constexpr size_t kFewestBlocked = 2;
constexpr size_t kToldRoots = 5;
constexpr size_t kToldShares = 4;
constexpr size_t kToldBranches = 12;
constexpr size_t kDeepestIndent = 8;

/// "mutex g_table, held by T3: T4-T303"
std::string branch_words(const Sheet& sheet, const Branch& branch) {
    const std::string owner = thread_words(sheet.snapshot, branch.owner);
    const std::string waiters = thread_list(branch.waiters);
    const std::string wait = branch.waiters.size() == 1 ? "waits" : "wait";
    if (branch.object.kind == LockKind::kThread) return fmt::format("{} {} for {} to end", waiters, wait, owner);
    return fmt::format("{} {} for {}{} {}", waiters, wait, short_object_words(branch.object),
                       owned_words(branch.object.kind, false), owner);
}

void print_tree(Sheet& sheet, const RootBlocker& root) {
    size_t told = 0;
    for (const Branch& branch : root.tree) {
        if (told++ == kToldBranches)
            return sheet.page.add(fmt::format("  ... and {} more waits", root.tree.size() - kToldBranches));
        const std::string indent(2 + 2 * std::min(branch.depth, kDeepestIndent), ' ');
        sheet.page.add(indent + branch_words(sheet, branch));
    }
}

}  // namespace

std::string share_words(const std::vector<analyze::WaitShare>& shares) {
    std::string text;
    size_t told = 0;
    size_t others = 0;
    for (const analyze::WaitShare& share : shares) {
        if (told++ >= kToldShares) {
            others += share.threads;
            continue;
        }
        const std::string what = share.object.kind == LockKind::kThread ? "join" : short_object_words(share.object);
        text += fmt::format("{}{} for {}", text.empty() ? "" : ", ", share.threads, what);
    }
    return others == 0 ? text : text + fmt::format(", {} for others", others);
}

void print_roots(Sheet& sheet) {
    size_t told = 0;
    size_t left_out = 0;
    for (const RootBlocker& root : sheet.analysis.roots) {
        const snapshot::Thread* const thread = snapshot::find_thread(sheet.snapshot, root.thread);
        const bool has_cycle = sheet.analysis.probable_cycles.contains(root.thread);
        if (thread == nullptr || (root.blocks.size() < kFewestBlocked && !has_cycle)) continue;
        if (told++ >= kToldRoots) {
            ++left_out;
            continue;
        }
        sheet.page.add_gap();
        sheet.page.add(fmt::format("{} blocks {}: {}", thread_words(sheet.snapshot, root.thread),
                                   counted(root.blocks.size(), "thread"), share_words(root.shares)),
                       Style::kHeadline);
        sheet.page.add("  it " + now_words(*thread));
        print_tree(sheet, root);
        print_probable_cycle(sheet, *thread);
    }
    if (left_out > 0) sheet.page.add(fmt::format("... and {} that block others", counted(left_out, "more thread")));
}

}  // namespace render
