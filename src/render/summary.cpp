// SPDX-License-Identifier: Apache-2.0
#include "render/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "analyze/exit_phase.h"
#include "analyze/frames.h"
#include "analyze/leftover.h"
#include "render/tally.h"
#include "render/words.h"

namespace render {

namespace {

using analyze::Certainty;
using analyze::Finding;
using analyze::Verdict;
using snapshot::End;
using snapshot::Process;
using snapshot::Reason;

constexpr size_t kToldStates = 6;

std::string joined(const std::vector<std::string>& parts) {
    std::string text;
    for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
    return text;
}

std::string program_words(const Process& process) {
    if (!process.command.empty() && !process.command.front().empty()) return printable(process.command.front());
    if (!process.exe.empty()) return printable(std::string(analyze::base_name(process.exe)));
    return "a program";
}

/// "exit(0)"
std::string call_words(std::string_view function, const Process& process) {
    return process.status ? fmt::format("{}({})", function, *process.status) : std::string(function);
}

std::string killed_words(const Process& process) {
    const int signal = process.status.value_or(0) - 128;
    if (signal <= 0) return "was killed by a signal";
    const std::string_view name = signal_name(signal);
    return name.empty() ? fmt::format("was killed by signal {}", signal)
                        : fmt::format("was killed by signal {} ({})", signal, name);
}

std::string running_words(const Process& process) {
    const std::string uptime = duration(process.uptime_seconds);
    switch (process.reason) {
        case Reason::kTimeout: return "is still running after " + uptime + " (timeout)";
        case Reason::kWatch: return "has been running for " + uptime + " (watch)";
        case Reason::kSignal: return "has been running for " + uptime + " (on signal)";
        case Reason::kExit:
        case Reason::kDump:
        case Reason::kPostMortem: return "has been running for " + uptime;
    }
    return {};
}

std::string end_words(const Process& process) {
    const std::string bound = process.uptime_is_lower_bound ? "at least " : "";
    const std::string after =
        std::isfinite(process.uptime_seconds) ? " after " + bound + duration(process.uptime_seconds) : "";
    switch (process.end) {
        case End::kReturn:
            return (process.status ? fmt::format("returned {} from main", *process.status) : "returned from main") +
                   after;
        case End::kExit: return "ended by " + call_words("exit", process) + after;
        case End::kUnderscoreExit: return "ended by " + call_words("_exit", process) + after;
        case End::kQuickExit: return "ended by " + call_words("quick_exit", process) + after;
        case End::kExec: return "was replaced by exec" + after;
        case End::kSignal: return killed_words(process) + after;
        case End::kAlive: return running_words(process);
        case End::kUnknown:
            return (process.status ? fmt::format("ended by a bare system call with status {}", *process.status)
                                   : "ended in a way that is not known") +
                   after;
    }
    return {};
}

/// "2 deadlocked": what became of the threads of a finding.
std::string fate_words(Verdict verdict, size_t threads) {
    switch (verdict) {
        case Verdict::kDeadlock: return fmt::format("{} deadlocked", threads);
        case Verdict::kSelfDeadlock: return fmt::format("{} self-deadlocked", threads);
        case Verdict::kOrphanedLock: return fmt::format("{} waiting for orphaned locks", threads);
        case Verdict::kLostWakeup: return fmt::format("{} that missed a wakeup", threads);
        case Verdict::kAsleep: return fmt::format("{} asleep for ever", threads);
        case Verdict::kBlocked: return fmt::format("{} blocked", threads);
        case Verdict::kAlive: return fmt::format("{} alive", threads);
        case Verdict::kUnjoined: return fmt::format("{} unjoined", threads);
        case Verdict::kLockOrder: return {};
    }
    return {};
}

/// Each thread under the strongest verdict that applies to it; those behind one by themselves.
struct Fates {
    std::map<std::pair<Verdict, bool>, size_t> threads;  ///< by verdict, and whether it is only likely
    size_t behind = 0;
    size_t unwanted_orphans = 0;  ///< orphaned locks that no thread waits for
    std::set<uint32_t> counted;
};

Fates fates_of(const Sheet& sheet) {
    Fates fates;
    for (const Finding* finding : sheet.findings) {
        if (finding->verdict == Verdict::kLockOrder) continue;
        const bool is_orphan = finding->verdict == Verdict::kOrphanedLock;
        size_t waiters = 0;
        for (const uint32_t id : finding->threads) {
            if (is_orphan && sheet.is_finished(id)) continue;
            ++waiters;
            if (fates.counted.insert(id).second)
                ++fates.threads[{finding->verdict, finding->certainty == Certainty::kLikely}];
        }
        if (is_orphan && waiters == 0) ++fates.unwanted_orphans;
    }
    for (const Finding* finding : sheet.findings) {
        for (const uint32_t id : finding->behind) fates.behind += fates.counted.insert(id).second ? 1 : 0;
    }
    return fates;
}

/// Strongest first, with what is behind them in front of the leftover threads.
std::vector<std::string> fate_list(const Fates& fates) {
    std::vector<std::string> strong;
    std::vector<std::string> leftover;
    for (const auto& [verdict, count] : fates.threads) {
        std::vector<std::string>& parts = verdict.first < Verdict::kBlocked ? strong : leftover;
        parts.push_back(fate_words(verdict.first, count) + (verdict.second ? " (likely)" : ""));
    }
    if (fates.unwanted_orphans > 0) strong.push_back(counted(fates.unwanted_orphans, "orphaned lock"));
    if (fates.behind > 0) strong.push_back(fmt::format("{} blocked behind them", fates.behind));
    strong.insert(strong.end(), leftover.begin(), leftover.end());
    return strong;
}

/// "4 io epoll_wait, 1 running": the threads that no finding counts, most frequent state first.
std::vector<std::string> state_list(const Sheet& sheet, const std::set<uint32_t>& but) {
    std::map<std::string, size_t> counts;
    for (const snapshot::Thread& thread : sheet.snapshot.threads) {
        if (but.count(thread.id) == 0) ++counts[printable(snapshot::state_word(thread))];
    }
    std::vector<std::pair<std::string, size_t>> sorted(counts.begin(), counts.end());
    std::stable_sort(sorted.begin(), sorted.end(),
                     [](const auto& left, const auto& right) { return left.second > right.second; });
    std::vector<std::string> parts;
    size_t others = 0;
    for (const auto& [state, count] : sorted) {
        if (parts.size() < kToldStates)
            parts.push_back(fmt::format("{} {}", count, state));
        else
            others += count;
    }
    if (others > 0) parts.push_back(fmt::format("{} in other states", others));
    return parts;
}

void print_losses(Sheet& sheet) {
    const snapshot::Losses& losses = sheet.snapshot.losses;
    std::vector<std::string> parts;
    if (losses.threads > 0) parts.push_back(counted(losses.threads, "thread"));
    if (losses.holds > 0) parts.push_back(counted(losses.holds, "hold"));
    if (losses.stacks > 0) parts.push_back(counted(losses.stacks, "stack"));
    if (losses.orders > 0) parts.push_back(counted(losses.orders, "lock order"));
    if (!parts.empty()) sheet.page.add("not recorded: " + joined(parts) + " (tables full)");
}

}  // namespace

void print_head(Sheet& sheet) {
    const Process& process = sheet.snapshot.process;
    const Fates fates = fates_of(sheet);
    std::vector<std::string> parts = fate_list(fates);
    if (!analyze::is_end_of_process(process.reason)) {
        for (std::string& part : state_list(sheet, fates.counted)) parts.push_back(std::move(part));
    }
    const std::string counts = parts.empty() ? "" : ": " + joined(parts);
    sheet.page.add(fmt::format("loiter: {} (pid {}) {} with {}{}", program_words(process), process.pid,
                               end_words(process), counted(sheet.analysis.counts.threads, "thread"), counts));
    if (!process.observed) sheet.page.add("note: " + std::string(kNotObserved));
    // At its end every process is in exit().
    const bool is_live = process.end == End::kAlive;
    const std::optional<analyze::ExitPhase> exit = is_live ? analyze::find_exit_phase(sheet.snapshot) : std::nullopt;
    if (exit)
        sheet.page.add((exit->waits ? "EXIT HANGS: " : "exit: ") + printable(exit_words(sheet.snapshot, *exit)),
                       Style::kHeadline);
    for (const std::string& note : sheet.snapshot.notes) sheet.page.add("note: " + printable(note));
    print_losses(sheet);
}

void print_verdict(Sheet& sheet) {
    Tally tally;
    size_t with_followers = 0;
    for (const Finding* finding : sheet.findings) {
        tally.add(*finding);
        with_followers += finding->behind.empty() ? 0 : 1;
    }
    std::vector<std::string> parts = tally.strong();
    if (with_followers > 0)
        parts.push_back(fmt::format("{} blocked behind {}", counted(fates_of(sheet).behind, "thread"),
                                    with_followers == 1 ? "it" : "them"));
    for (std::string& part : tally.leftover()) parts.push_back(std::move(part));
    const size_t suppressed = sheet.analysis.findings.size() - sheet.findings.size();
    const std::string also = suppressed == 0 ? "" : fmt::format(" ({} suppressed)", counted(suppressed, "finding"));

    sheet.page.add_gap();
    if (parts.empty()) return sheet.page.add("no finding" + also);
    const bool failed =
        sheet.options.judges && tally.is_failure() && analyze::is_end_of_process(sheet.snapshot.process.reason);
    sheet.page.add((failed ? "FAILED: " : "FOUND: ") + joined(parts) + also, Style::kHeadline);
}

}  // namespace render
