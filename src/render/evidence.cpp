// SPDX-License-Identifier: Apache-2.0
#include "render/evidence.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "render/render.h"
#include "render/words.h"

namespace render {

namespace {

using snapshot::LockKind;
using snapshot::Thread;

constexpr size_t kToldEvidence = 8;
constexpr size_t kShownCommand = 120;

std::string_view never_words(LockKind kind) {
    switch (kind) {
        case LockKind::kCondition: return "never signalled since the wait began";
        case LockKind::kSemaphore: return "never posted since the wait began";
        case LockKind::kFutex: return "no wake seen since the wait began";  // inline calls are not seen
        case LockKind::kUnknown:
        case LockKind::kMutex:
        case LockKind::kRwlock:
        case LockKind::kSpin:
        case LockKind::kCustom:
        case LockKind::kOnce:
        case LockKind::kBarrier:
        case LockKind::kThread:
        case LockKind::kFile: return "";
    }
    return "";
}

std::string_view last_words(LockKind kind) {
    if (kind == LockKind::kSemaphore) return "last posted";
    return kind == LockKind::kFutex ? "last woken" : "last signalled";
}

/// "last signalled 3s ago by T2, before the wait began"
std::string signal_words(const Sheet& sheet, const snapshot::Wait& wait) {
    if (!wait.last_signal) return std::string(sheet.snapshot.process.observed ? never_words(wait.object.kind) : "");
    const snapshot::LastSignal& signal = *wait.last_signal;
    std::string text(last_words(wait.object.kind));
    if (signal.ago_seconds) text += fmt::format(" {} ago", duration(*signal.ago_seconds));
    if (signal.thread != 0) text += " by " + thread_words(sheet.snapshot, signal.thread);
    if (signal.waiters)
        text +=
            fmt::format(", when {} waited", *signal.waiters == 0 ? "no thread" : counted(*signal.waiters, "thread"));
    return text + (signal.before_wait ? ", before the wait began" : ", after the wait began");
}

/// "process 4243 (sh), T1 itself and this process (fd 3)"
std::string process_words(const Sheet& sheet, const Thread& thread, const snapshot::ProcessOwner& owner) {
    const std::string through = owner.descriptor ? fmt::format(" (fd {})", *owner.descriptor) : "";
    if (owner.thread == thread.id) return fmt::format("T{} itself", owner.thread) + through;
    if (owner.pid == sheet.snapshot.process.pid) return "this process" + through;
    if (owner.command.empty()) return fmt::format("process {}", owner.pid);
    const bool is_long = owner.command.size() > kShownCommand;
    return fmt::format("process {} ({}{})", owner.pid, printable(owner.command.substr(0, kShownCommand)),
                       is_long ? "..." : "");
}

/// "held by process 4243 (sh)"
std::string lock_owner_words(const Sheet& sheet, const Thread& thread) {
    std::string text;
    size_t told = 0;
    const std::vector<snapshot::ProcessOwner>& owners = thread.wait->process_owners;
    for (const snapshot::ProcessOwner& owner : owners) {
        if (told == kToldEvidence) return text + fmt::format(" and {} more", owners.size() - told);
        text += (told++ == 0 ? "held by " : ", ") + process_words(sheet, thread, owner);
        if (owner.mode == snapshot::Mode::kShared) text += " (shared)";
    }
    return text;
}

/// What stands before a detail: a thread sits on a descriptor, but waits for a child or a signal.
std::string_view detail_opening(const Thread& thread) {
    if (thread.wait->object.kind == LockKind::kFutex) return "";
    const bool is_awaited = thread.state == snapshot::State::kChildWait || thread.state == snapshot::State::kSignalWait;
    return is_awaited ? "for " : "on ";
}

/// "  waits on condition g_ready (0x55..), fd 5, never signalled since the wait began"
std::string evidence_line(const Sheet& sheet, const Thread& thread) {
    const snapshot::Wait& wait = *thread.wait;
    std::string text;
    const auto append = [&text](const std::string& part) {
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    };
    // A file's name is in the detail.
    if (!wait.object.name.empty() && wait.object.kind != LockKind::kFile)
        append("waits on " + object_words(wait.object));
    if (!wait.detail.empty()) append(std::string(detail_opening(thread)) + printable(wait.detail));
    append(lock_owner_words(sheet, thread));
    append(signal_words(sheet, wait));
    return text;
}

}  // namespace

void print_evidence(Sheet& sheet, const Group& group) {
    struct Evidence {
        std::string line;
        snapshot::StackIndex stack = 0;
        std::vector<uint32_t> threads;
    };
    std::vector<Evidence> different;
    std::map<std::pair<std::string, uint32_t>, size_t> known;
    for (const Thread* thread : group) {
        if (!thread->wait) continue;
        const snapshot::StackIndex stack = thread->wait->last_signal ? thread->wait->last_signal->stack : 0;
        const std::string line = evidence_line(sheet, *thread);
        const auto [entry, is_new] = known.try_emplace({line, sheet.stacks.look(stack)}, different.size());
        if (is_new) different.push_back({line, stack, {}});
        different[entry->second].threads.push_back(thread->id);
    }
    size_t told = 0;
    for (const Evidence& evidence : different) {
        if (evidence.line.empty()) continue;
        if (told++ == kToldEvidence) return sheet.page.add("  (and more)", Style::kDim);
        const std::string whose = different.size() > 1 ? thread_list(evidence.threads) + ": " : "";
        const bool has_stack = !sheet.stacks.is_empty(evidence.stack);
        sheet.page.add("  " + whose + evidence.line + (has_stack ? ", at" : ""));
        sheet.stacks.print(sheet.page, evidence.stack);
    }
}

}  // namespace render
