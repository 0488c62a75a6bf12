// SPDX-License-Identifier: Apache-2.0
#include "render/evidence.h"

#include <fmt/format.h>

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyze/lost_wakeup.h"
#include "render/process_owners.h"
#include "render/render.h"
#include "render/waits.h"
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

/// Its note may have been overwritten by one of another object.
std::string_view unknown_words(LockKind kind) {
    if (kind == LockKind::kSemaphore) return "whether it was posted since the wait began is not known";
    return kind == LockKind::kFutex ? "whether it was woken since the wait began is not known"
                                    : "whether it was signalled since the wait began is not known";
}

std::string_view last_words(LockKind kind) {
    if (kind == LockKind::kSemaphore) return "last posted";
    return kind == LockKind::kFutex ? "last woken" : "last signalled";
}

/// "last signalled 3s ago by T2, before the wait began"
std::string signal_words(const Sheet& sheet, const snapshot::Wait& wait) {
    if (wait.object.noun == "time") return {};  // nobody signals what only sleeps
    if (!wait.last_signal && wait.signal_unknown) return std::string(unknown_words(wait.object.kind));
    if (!wait.last_signal) return std::string(sheet.snapshot.process.observed ? never_words(wait.object.kind) : "");
    const snapshot::LastSignal& signal = *wait.last_signal;
    std::string text(last_words(wait.object.kind));
    if (signal.ago_seconds)
        text += fmt::format(" {}{} ago", signal.ago_is_lower_bound ? "at least " : "", duration(*signal.ago_seconds));
    if (signal.thread != 0) text += " by " + thread_words(sheet.snapshot, signal.thread);
    if (signal.waiters)
        text +=
            fmt::format(", when {} waited", *signal.waiters == 0 ? "no thread" : counted(*signal.waiters, "thread"));
    if (signal.unlocked.value_or(false) && wait.object.kind == LockKind::kCondition) text += ", without a lock held";
    text += signal.before_wait ? ", before the wait began" : ", after the wait began";
    return wait.signal_unknown ? text + ", and perhaps again since" : text;
}

/// "its other signallers: T4 exited, T5 [mutex lock]": whether any of them can signal again.
std::string signaller_words(const Sheet& sheet, const snapshot::Wait& wait) {
    std::string text;
    size_t told = 0;
    for (const snapshot::Signaller& signaller : wait.signallers) {
        if (told++ == kToldEvidence) return text + " and more";
        const Thread* const thread = snapshot::find_thread(sheet.snapshot, signaller.thread);
        const bool is_gone = signaller.exited || thread == nullptr || thread->finished;
        const std::string now = is_gone ? "exited" : printable("in " + snapshot::state_word(*thread));
        const bool waits_for_lock = !is_gone && thread->wait && (snapshot::is_blocked(*thread) || thread->timed) &&
                                    thread->wait->object.address != 0;
        text += fmt::format("{}T{} {}{}", text.empty() ? "" : ", ", signaller.thread, now,
                            waits_for_lock ? " for " + awaited_words(*thread->wait) : "");
    }
    return text.empty() ? text : "signalled until now by " + text;
}

/// "1 of 3 parties is missing"
std::string party_words(const Sheet& sheet, const Thread& thread) {
    const std::optional<size_t> missing = analyze::missing_parties(sheet.snapshot, thread);
    if (!missing) return {};
    if (!thread.wait->parties)
        return fmt::format("{} {} missing", *missing, *missing == 1 ? "party is" : "parties are");
    return fmt::format("{} of {} parties {} missing", *missing, *thread.wait->parties, *missing == 1 ? "is" : "are");
}

}  // namespace

std::string process_words(const Sheet& sheet, const Thread& thread, const snapshot::ProcessOwner& owner) {
    const std::string through = owner.descriptor ? fmt::format(" (fd {})", *owner.descriptor) : "";
    if (owner.pid == sheet.snapshot.process.pid) {
        if (owner.thread == thread.id) return fmt::format("T{} itself", owner.thread) + through;
        return (owner.thread == 0 ? "this process" : thread_words(sheet.snapshot, owner.thread)) + through;
    }
    if (owner.command.empty()) return fmt::format("process {}", owner.pid);
    const bool is_long = owner.command.size() > kShownCommand;
    return fmt::format("process {} ({}{})", owner.pid, printable(owner.command.substr(0, kShownCommand)),
                       is_long ? "..." : "");
}

std::string lock_owner_words(const Sheet& sheet, const Thread& thread) {
    std::string text;
    size_t told = 0;
    const std::vector<snapshot::ProcessOwner>& owners = thread.wait->process_owners;
    for (const snapshot::ProcessOwner& owner : owners) {
        if (told == kToldEvidence) return text + fmt::format(" and {} more", owners.size() - told);
        const std::string_view verb = owner.in_doubt ? "last taken by " : "held by ";
        text += (told++ == 0 ? std::string(verb) : ", ") + process_words(sheet, thread, owner);
        if (owner.mode == snapshot::Mode::kShared) text += " (shared)";
    }
    return text;
}

namespace {

/// What stands before a detail: a thread sits on a descriptor, but waits for a child or a signal.
std::string_view detail_opening(const Thread& thread) {
    if (thread.wait->object.kind == LockKind::kFutex) return "";
    const bool is_awaited = thread.state == snapshot::State::kChildWait || thread.state == snapshot::State::kSignalWait;
    return is_awaited ? "for " : "on ";
}

/// Of what several threads are to come to, its address tells one from another where it has no name.
bool is_told(const snapshot::Object& object) {
    if (!object.name.empty()) return object.kind != LockKind::kFile;  // a file's name is in the detail
    const bool is_for_several = object.noun == "barrier" || object.noun == "region" || object.noun == "lock";
    return object.address != 0 && object.kind == LockKind::kFutex && is_for_several;
}

/// "  waits on condition g_ready (0x55..), fd 5, never signalled since the wait began"
std::string evidence_line(const Sheet& sheet, const Thread& thread) {
    const snapshot::Wait& wait = *thread.wait;
    std::string text;
    const auto append = [&text](const std::string& part) {
        if (!part.empty()) text += (text.empty() ? "" : ", ") + part;
    };
    if (is_told(wait.object)) append("waits on " + object_words(wait.object));
    if (!wait.detail.empty()) append(std::string(detail_opening(thread)) + printable(wait.detail));
    append(lock_owner_words(sheet, thread));
    if (wait.destroys) append("to destroy it, once nobody waits on it");
    append(party_words(sheet, thread));
    if (!wait.destroys) append(signal_words(sheet, wait));
    return text;
}

bool knows_cycle(const Sheet& sheet, const Thread& thread) {
    return sheet.analysis.probable_cycles.count(thread.id) > 0;
}

}  // namespace

void print_probable_cycle(Sheet& sheet, const Thread& thread) {
    const auto found = sheet.analysis.probable_cycles.find(thread.id);
    if (found == sheet.analysis.probable_cycles.end()) return;
    const std::string stuck = thread_list(found->second);
    sheet.page.add(fmt::format("  probable cycle (likely): {} {} for T{}, and nobody else that signalled {} is left",
                               stuck, found->second.size() == 1 ? "waits" : "wait", thread.id,
                               short_object_words(thread.wait->object)));
}

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
    const Thread& first = *group.front();
    for (const Evidence& evidence : different) {
        if (evidence.line.empty()) continue;
        if (told++ == kToldEvidence) return sheet.page.add("  (and more)", Style::kDim);
        const std::string whose = different.size() > 1 ? thread_list(evidence.threads) + ": " : "";
        const bool has_stack = !sheet.stacks.is_empty(evidence.stack);
        sheet.page.add("  " + whose + evidence.line + (has_stack ? ", at" : ""));
        sheet.stacks.print(sheet.page, evidence.stack);
    }
    if (!first.wait || different.size() > 1) return;
    const std::string signallers =
        first.wait->signallers.size() < 2 && !knows_cycle(sheet, first) ? "" : signaller_words(sheet, *first.wait);
    if (!signallers.empty()) sheet.page.add("  " + signallers);
    print_probable_cycle(sheet, first);
    print_process_owners(sheet, first);
}

}  // namespace render
