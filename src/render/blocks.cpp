// SPDX-License-Identifier: Apache-2.0
#include "render/blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "analyze/language_runtimes.h"
#include "render/waits.h"
#include "render/words.h"

namespace render {

namespace {

using analyze::Finding;
using analyze::Verdict;
using snapshot::Thread;

constexpr size_t kNamedThreads = 8;

/// Collects blocks; a thread that is in one gets no other.
class Collector {
public:
    explicit Collector(const Sheet& sheet) : sheet_(sheet) {}

    void add(const std::vector<uint32_t>& ids, const std::string& remark) {
        std::vector<uint32_t> left;
        std::copy_if(ids.begin(), ids.end(), std::back_inserter(left),
                     [this](uint32_t id) { return known_.insert(id).second; });
        for (Group& group : group_threads(sheet_.snapshot, sheet_.stacks, left, sheet_.options.group_by_functions))
            blocks_.push_back({std::move(group), remark});
    }

    std::vector<Block> take() { return std::move(blocks_); }

private:
    const Sheet& sheet_;
    std::set<uint32_t> known_;
    std::vector<Block> blocks_;
};

bool is_own_finding(Verdict verdict) {
    switch (verdict) {
        case Verdict::kDeadlock:
        case Verdict::kSelfDeadlock:
        case Verdict::kOrphanedLock:
        case Verdict::kLostWakeup:
        case Verdict::kAsleep: return true;
        case Verdict::kBlocked:
        case Verdict::kAlive:
        case Verdict::kUnjoined:
        case Verdict::kLockOrder: return false;
    }
    return false;
}

std::string behind_words(const Finding& finding) {
    return fmt::format("blocked behind the {} of {}", analyze::word(finding.verdict), thread_list(finding.threads));
}

/// The leftover threads of one verdict; analysis tells stacks apart that look the same here.
std::vector<uint32_t> threads_of(const Sheet& sheet, Verdict verdict) {
    std::vector<uint32_t> ids;
    for (const Finding* finding : sheet.findings) {
        if (finding->verdict == verdict) ids.insert(ids.end(), finding->threads.begin(), finding->threads.end());
    }
    return ids;
}

bool have_equal_names(const Group& group) {
    return std::all_of(group.begin(), group.end(),
                       [&](const Thread* thread) { return thread->name == group[0]->name; });
}

std::string name_list(const Sheet& sheet, const Group& group) {
    if (have_equal_names(group) || group.size() > kNamedThreads) return thread_list(ids_of(group));
    std::string list;
    for (const Thread* thread : group) list += (list.empty() ? "" : ", ") + thread_words(sheet.snapshot, thread->id);
    return list;
}

/// ` tid 4244, detached`: what is so for every thread of the group.
std::string suffix_words(const snapshot::Snapshot& snapshot, const Group& group) {
    const Thread& first = *group.front();
    const auto all = [&](auto predicate) { return std::all_of(group.begin(), group.end(), predicate); };
    std::string text = group.size() == 1 && first.tid != 0 ? fmt::format(" tid {}", first.tid) : "";
    if (all([](const Thread* thread) { return thread->detached.value_or(false); })) text += ", detached";
    if (all([](const Thread* thread) { return thread->exiting && !thread->finished; })) text += ", exiting";
    if (all([](const Thread* thread) { return thread->ends_process; })) text += ", ends the process";
    if (all([&](const Thread* thread) { return analyze::is_runtime_helper(snapshot, *thread); }))
        text += ", the runtime's own";
    if (all([](const Thread* thread) { return thread->expected; })) text += ", expected to stay";
    return text;
}

std::string header_words(const Sheet& sheet, const Group& group) {
    const std::string state = state_words(group);
    if (group.size() == 1)
        return fmt::format("{} [{}]{}", thread_words(sheet.snapshot, group[0]->id), state,
                           suffix_words(sheet.snapshot, group));
    const std::string name = have_equal_names(group) ? given_name(sheet.snapshot, *group[0]) : "";
    return fmt::format("{}{} [{}]: {}{}", counted(group.size(), "thread"), name, state, name_list(sheet, group),
                       suffix_words(sheet.snapshot, group));
}

/// Of one that runs, a stack can be had by stopping it, where that was not tried already.
std::string no_stack_words(const Sheet& sheet, const Thread& thread) {
    const bool runs = thread.state == snapshot::State::kRunning || thread.state == snapshot::State::kSpinning;
    const bool was_dumped = sheet.snapshot.process.reason == snapshot::Reason::kDump;
    if (thread.evaded_stop) return "    (no stack recorded; it runs, and could not be stopped)";
    return runs && was_dumped ? "    (no stack recorded; it runs: --stop-running shows where)"
                              : "    (no stack recorded)";
}

void print_stack(Sheet& sheet, const Group& group) {
    const Thread& first = *group.front();
    const bool has_stack = sheet.has_stack(first);
    if (has_stack && first.stack_is_last_known) {
        const std::string ago = ago_words(group);
        sheet.page.add("  last known place" + (ago.empty() ? "" : ", " + ago));
    }
    if (has_stack) sheet.stacks.print(sheet.page, first.stack);
    const bool is_cut = sheet.snapshot.stacks[first.stack].incomplete || sheet.snapshot.stacks[first.stack].truncated;
    if (has_stack && !is_cut) return;
    if (!has_stack && !first.finished) sheet.page.add(no_stack_words(sheet, first), Style::kDim);
    // What the thread is for, where its stack does not say it.
    const snapshot::Frame* const routine = sheet.stacks.routine(first.entry);
    if (routine == nullptr) return;
    sheet.page.add("  started as");
    sheet.stacks.print(sheet.page, *routine);
}

/// ` in Suite.Test, Suite.Other`: what the program said its threads were created for.
std::string label_words(const Group& group) {
    constexpr size_t kTold = 4;
    std::set<std::string> labels;
    for (const Thread* thread : group) {
        if (!thread->label.empty()) labels.insert(thread->label);
    }
    std::string text;
    size_t told = 0;
    for (const std::string& label : labels) {
        if (told++ == kTold) return text + fmt::format(" and {} more", labels.size() - kTold);
        text += (text.empty() ? " in " : ", ") + printable(label);
    }
    return text;
}

void print_creation(Sheet& sheet, const Group& group) {
    const Thread& first = *group.front();
    std::vector<uint32_t> creators;
    for (const Thread* thread : group) {
        if (thread->created_by != 0) creators.push_back(thread->created_by);
    }
    std::sort(creators.begin(), creators.end());
    creators.erase(std::unique(creators.begin(), creators.end()), creators.end());
    const bool has_stack = !sheet.stacks.is_empty(first.created_stack);
    const std::string label = label_words(group);
    if (creators.empty() && !has_stack && label.empty()) return;
    const std::string by = creators.empty() ? "" : " by " + thread_list(creators);
    sheet.page.add("  created" + label + by + (has_stack ? " at" : ""), Style::kDim);
    sheet.stacks.print(sheet.page, first.created_stack, Style::kDim);
}

}  // namespace

std::vector<Block> finding_blocks(const Sheet& sheet) {
    Collector collector(sheet);
    for (const Finding* finding : sheet.findings) {
        if (is_own_finding(finding->verdict)) collector.add(finding->threads, "");
    }
    for (const Finding* finding : sheet.findings) {
        if (!finding->behind.empty()) collector.add(finding->behind, behind_words(*finding));
    }
    collector.add(threads_of(sheet, Verdict::kBlocked), "");
    collector.add(threads_of(sheet, Verdict::kAlive), "");
    collector.add(threads_of(sheet, Verdict::kUnjoined), "finished, but neither joined nor detached");
    return collector.take();
}

std::vector<Block> other_blocks(const Sheet& sheet, const std::vector<Block>& found) {
    std::set<uint32_t> others;
    for (const Thread& thread : sheet.snapshot.threads) others.insert(thread.id);
    for (const Block& block : found) {
        for (const Thread* thread : block.group) others.erase(thread->id);
    }
    Collector collector(sheet);
    collector.add({others.begin(), others.end()}, "");
    return collector.take();
}

void print_block(Sheet& sheet, const Block& block) {
    sheet.page.add_gap();
    sheet.page.add(header_words(sheet, block.group), Style::kHeader);
    print_stack(sheet, block.group);
    if (!block.remark.empty()) sheet.page.add("  " + block.remark);
    print_wait(sheet, block.group);
    print_holds(sheet, block.group);
    const bool may_run = !snapshot::is_blocked(*block.group.front()) && !block.group.front()->finished;
    const std::string age = may_run ? age_words(block.group) : "";
    if (!age.empty()) sheet.page.add("  " + age);
    print_creation(sheet, block.group);
    for (const Thread* thread : block.group) sheet.printed.insert(thread->id);
}

}  // namespace render
