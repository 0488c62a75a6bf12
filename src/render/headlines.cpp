// SPDX-License-Identifier: Apache-2.0
#include "render/headlines.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/misuse.h"
#include "analyze/root_blockers.h"
#include "render/render.h"
#include "render/roots.h"
#include "render/waits.h"
#include "render/words.h"

namespace render {

namespace {

using analyze::Certainty;
using analyze::Finding;
using analyze::Verdict;
using snapshot::Thread;

constexpr size_t kToldWaits = 12;
constexpr size_t kToldMisuses = 12;

/// Empty: its threads' own blocks say all.
std::string_view headline_word(Verdict verdict) {
    switch (verdict) {
        case Verdict::kDeadlock: return "DEADLOCK";
        case Verdict::kSelfDeadlock: return "SELF-DEADLOCK";
        case Verdict::kOrphanedLock: return "ORPHANED LOCK";
        case Verdict::kLostWakeup: return "LOST WAKEUP";
        case Verdict::kAsleep: return "ALL ASLEEP";
        case Verdict::kLockOrder: return "LOCK ORDER";
        case Verdict::kBlocked:
        case Verdict::kAlive:
        case Verdict::kUnjoined: return "";
    }
    return "";
}

std::string certainty_words(Certainty certainty) {
    switch (certainty) {
        case Certainty::kLikely:
        case Certainty::kPossible: return fmt::format(" ({})", analyze::word(certainty));
        case Certainty::kProved:
        case Certainty::kFact: return {};
    }
    return {};
}

/// The columns of one line of a deadlock.
struct Row {
    std::string waiter;
    std::string awaited;
    std::string owners;
};

Row row_of(Sheet& sheet, const std::set<uint32_t>& members, const Thread& thread) {
    Row row{thread_words(sheet.snapshot, thread.id), thread.wait ? awaited_words(*thread.wait) : "", ""};
    std::vector<uint32_t> owners;
    bool queued = true;
    for (const analyze::Owner& owner : sheet.owners_of(thread)) {
        if (members.count(owner.thread) == 0) continue;
        owners.push_back(owner.thread);
        queued = queued && owner.queued;
    }
    if (owners.empty() || !thread.wait || thread.wait->object.kind == snapshot::LockKind::kThread) return row;
    row.owners = fmt::format("{} {}", owned_words(thread.wait->object.kind, queued).substr(2), thread_list(owners));
    row.awaited += ",";
    return row;
}

std::string padded(const std::string& text, size_t width) {
    return text + std::string(width - std::min(width, display_width(text)), ' ');
}

void print_chain(Sheet& sheet, const Finding& finding) {
    const std::set<uint32_t> members(finding.threads.begin(), finding.threads.end());
    std::vector<Row> rows;
    size_t waiter_width = 0;
    size_t awaited_width = 0;
    for (const uint32_t id : finding.threads) {
        const Thread* const thread = snapshot::find_thread(sheet.snapshot, id);
        if (thread == nullptr || rows.size() == kToldWaits) continue;
        rows.push_back(row_of(sheet, members, *thread));
        waiter_width = std::max(waiter_width, display_width(rows.back().waiter));
        if (!rows.back().owners.empty()) awaited_width = std::max(awaited_width, display_width(rows.back().awaited));
    }
    for (const Row& row : rows) {
        const std::string start = "  " + padded(row.waiter, waiter_width) + " waits for ";
        sheet.page.add(row.owners.empty() ? start + row.awaited
                                          : start + padded(row.awaited, awaited_width) + " " + row.owners);
    }
    if (finding.threads.size() > rows.size())
        sheet.page.add(fmt::format("  ... and {} more", finding.threads.size() - rows.size()));
}

/// A deadlock's message tells its chain, which has lines of its own, and then why it is not proved.
std::string doubt_of(const Finding& finding) {
    constexpr std::string_view kDoubt = "; not proved: ";
    const size_t start = finding.message.find(kDoubt);
    return start == std::string::npos ? "" : printable(finding.message.substr(start + 2));
}

void print_headline(Sheet& sheet, const Finding& finding) {
    const std::string start = fmt::format("{}{}: ", headline_word(finding.verdict), certainty_words(finding.certainty));
    sheet.page.add_gap();
    if (finding.verdict == Verdict::kDeadlock) {
        sheet.page.add(start + counted(finding.threads.size(), "thread") + " wait for each other", Style::kHeadline);
        print_chain(sheet, finding);
        const std::string doubt = doubt_of(finding);
        if (!doubt.empty()) sheet.page.add("  " + doubt);
    } else {
        sheet.page.add(start + printable(finding.message), Style::kHeadline);
    }
    if (finding.behind.empty()) return;
    const std::vector<analyze::WaitShare> shares = analyze::wait_shares(sheet.snapshot, finding.behind);
    const bool says_more = finding.behind.size() > 1 && !shares.empty();
    sheet.page.add("  also stuck behind it: " + thread_list(finding.behind) +
                   (says_more ? " (" + share_words(shares) + ")" : ""));
}

/// Whoever starts a thread is to see to its end.
void print_creation(Sheet& sheet, uint32_t id) {
    const Thread* const thread = snapshot::find_thread(sheet.snapshot, id);
    if (thread == nullptr || thread->created_by == 0) return;
    const bool has_stack = !sheet.stacks.is_empty(thread->created_stack);
    sheet.page.add(fmt::format("  {} was created by {}{}", thread_words(sheet.snapshot, id),
                               thread_words(sheet.snapshot, thread->created_by), has_stack ? " at" : ""));
    sheet.stacks.print(sheet.page, thread->created_stack);
}

}  // namespace

void print_headlines(Sheet& sheet) {
    for (const Finding* finding : sheet.findings) {
        if (!headline_word(finding->verdict).empty() && finding->verdict != Verdict::kLockOrder)
            print_headline(sheet, *finding);
    }
}

void print_misuses(Sheet& sheet) {
    size_t told = 0;
    for (const snapshot::Misuse& misuse : sheet.analysis.misuses) {
        sheet.page.add_gap();
        if (told++ == kToldMisuses) return sheet.page.add("(and more misuse)");
        const bool is_span = misuse.kind == snapshot::MisuseKind::kHeldLong;
        const std::string time = misuse.ago_seconds && !is_span ? ", " + duration(*misuse.ago_seconds) + " ago"
                                 : misuse.ago_seconds           ? ", " + duration(*misuse.ago_seconds)
                                                                : "";
        const bool has_stack = !sheet.stacks.is_empty(misuse.stack);
        sheet.page.add("MISUSE: " + printable(analyze::misuse_words(misuse)) + time + (has_stack ? ", at" : ""),
                       Style::kHeadline);
        sheet.stacks.print(sheet.page, misuse.stack);
        if (misuse.kind == snapshot::MisuseKind::kUnjoinedDestroyed) print_creation(sheet, misuse.other_thread);
    }
}

void print_lock_orders(Sheet& sheet) {
    for (const Finding* finding : sheet.findings) {
        if (finding->verdict != Verdict::kLockOrder) continue;
        print_headline(sheet, *finding);
        for (const analyze::OrderEdge& edge : finding->order) {
            const std::string while_holding = short_object_words(edge.while_holding);
            sheet.page.add(fmt::format("  {} took {} while it held {}, at", thread_words(sheet.snapshot, edge.thread),
                                       short_object_words(edge.lock), while_holding));
            sheet.stacks.print(sheet.page, edge.stack);
            sheet.page.add(fmt::format("  it had acquired {} at", while_holding));
            sheet.stacks.print(sheet.page, edge.held_stack);
        }
    }
}

}  // namespace render
