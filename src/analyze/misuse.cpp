// SPDX-License-Identifier: Apache-2.0
#include "analyze/misuse.h"

#include <algorithm>
#include <map>

#include "analyze/frames.h"
#include "analyze/function_name.h"
#include "analyze/language_runtimes.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::Misuse;
using snapshot::MisuseKind;
using snapshot::Thread;

/// Of a killed process: it was on its way out of its wait, or may have been.
bool may_be_woken(const snapshot::Snapshot& snapshot, const snapshot::Wait& wait) {
    const bool was_signalled = wait.last_signal && !wait.last_signal->before_wait;
    return snapshot.process.at_rest && (was_signalled || wait.signal_unknown);
}

/// One for each condition.
void add_two_mutexes(const snapshot::Snapshot& snapshot, std::vector<Misuse>& misuses) {
    std::map<uint64_t, const Thread*> first;
    std::map<uint64_t, bool> told;
    for (const Thread& thread : snapshot.threads) {
        if (thread.state != snapshot::State::kConditionWait || !thread.wait || thread.wait->mutex.address == 0)
            continue;
        if (may_be_woken(snapshot, *thread.wait)) continue;
        const uint64_t condition = thread.wait->object.address;
        const Thread* const other = first.try_emplace(condition, &thread).first->second;
        if (other->wait->mutex.address == thread.wait->mutex.address || told[condition]) continue;
        told[condition] = true;
        Misuse misuse;
        misuse.kind = MisuseKind::kTwoMutexes;
        misuse.object = thread.wait->object;
        misuse.thread = other->id;
        misuse.other_thread = thread.id;
        misuse.stack = thread.stack;
        misuses.push_back(std::move(misuse));
    }
}

void add_held_long(const snapshot::Snapshot& snapshot, double limit, std::vector<Misuse>& misuses) {
    for (const Thread& thread : snapshot.threads) {
        for (const snapshot::Hold& hold : thread.holds) {
            if (hold.lent || thread.finished || hold.for_seconds.value_or(0) <= limit) continue;
            Misuse misuse;
            misuse.kind = MisuseKind::kHeldLong;
            misuse.object = hold.lock;
            misuse.thread = thread.id;
            misuse.stack = hold.acquired_at;
            misuse.ago_seconds = hold.for_seconds;
            misuses.push_back(std::move(misuse));
        }
    }
}

/// What a std::thread went through that was neither joined nor detached.
enum class Ending { kNone, kDestroyed, kReplaced };

Ending ending_in(const snapshot::Frame& frame) {
    const std::string_view function = without_return_type(frame.function);
    for (const std::string_view scope : {"std::thread::", "std::__1::thread::"}) {  // libstdc++, libc++
        if (!function.starts_with(scope)) continue;
        if (function.substr(scope.size()).starts_with("~thread")) return Ending::kDestroyed;
        if (function.substr(scope.size()).starts_with("operator=")) return Ending::kReplaced;
    }
    return Ending::kNone;
}

/// std::terminate was called by what destroys, or assigns to, a std::thread; empty: no debug information tells.
std::optional<Ending> ending_of(const snapshot::Stack& stack) {
    constexpr size_t kInlined = 4;
    for (size_t i = 0; i < std::min(kInlined, stack.frames.size()); ++i) {
        const Ending ending = ending_in(stack.frames[i]);
        if (ending != Ending::kNone) return ending;
    }
    if (stack.frames.empty() || stack.frames.front().line == 0) return std::nullopt;
    return Ending::kNone;
}

/// By its start routine, where that has a name.
bool may_be_std_thread(const snapshot::Snapshot& snapshot, const Thread& thread) {
    const std::vector<snapshot::Frame>& entry = snapshot.stacks.at(thread.entry).frames;
    if (entry.empty() || entry.back().function.empty()) return true;
    return entry.back().function.find("execute_native_thread_routine") != std::string::npos ||
           entry.back().function.find("std::__1::__thread_proxy") != std::string::npos ||
           base_name(entry.back().module).starts_with("libstdc++");
}

std::vector<uint32_t> joinable_threads(const snapshot::Snapshot& snapshot) {
    std::vector<uint32_t> threads;
    for (const Thread& thread : snapshot.threads) {
        const bool is_joinable = thread.id > 1 && !thread.joined && !thread.detached.value_or(false);
        if (is_joinable && may_be_std_thread(snapshot, thread)) threads.push_back(thread.id);
    }
    return threads;
}

/// Programs may call std::terminate for other reasons. Where the recording does not say which std::thread it was, it
/// is one that can still be joined. False: it was none.
bool settle_destroyed(const snapshot::Snapshot& snapshot, Misuse& misuse) {
    const std::optional<Ending> ending = ending_of(snapshot.stacks.at(misuse.stack));
    if (ending == Ending::kNone || (!ending && misuse.other_thread == 0)) return false;
    misuse.likely = !ending;
    // What was at hand may as well be the new thread that was to take the place of the other.
    if (ending == Ending::kReplaced) misuse.other_thread = 0;
    if (misuse.other_thread != 0) return true;
    misuse.candidates = joinable_threads(snapshot);
    const bool knows_all = snapshot.losses.threads == 0 && !snapshot.may_lack_threads;
    if (misuse.candidates.size() != 1 || !knows_all) return true;
    misuse.other_thread = misuse.candidates.front();
    misuse.candidates.clear();
    return true;
}

std::string destroyed_words(const Misuse& misuse) {
    const std::string which =
        misuse.other_thread != 0 ? "the std::thread of " + thread_words(misuse.other_thread) : "a std::thread";
    const std::string who = thread_words(misuse.thread);
    std::string text =
        misuse.likely ? who + " called std::terminate with " + which + " at hand" : who + " destroyed " + which;
    text += ", neither joined nor detached";
    if (misuse.candidates.size() == 1) text += ": probably that of " + thread_words(misuse.candidates);
    if (misuse.candidates.size() > 1) text += ": that of one of " + thread_words(misuse.candidates);
    return text;
}

std::string someone(uint32_t thread) {
    return thread == 0 ? "another thread" : thread_words(thread);
}

}  // namespace

std::vector<Misuse> find_misuses(const snapshot::Snapshot& snapshot, std::optional<double> held_longer_than) {
    std::vector<Misuse> misuses = snapshot.misuses;
    std::erase_if(misuses, [&](Misuse& misuse) {
        return misuse.kind == MisuseKind::kUnjoinedDestroyed && !settle_destroyed(snapshot, misuse);
    });
    add_two_mutexes(snapshot, misuses);
    if (held_longer_than) add_held_long(snapshot, *held_longer_than, misuses);
    std::erase_if(misuses, [&](const Misuse& misuse) { return is_runtime_misuse(snapshot, misuse); });
    return misuses;
}

std::string misuse_words(const Misuse& misuse) {
    const std::string who = thread_words(misuse.thread);
    const std::string object = object_words(misuse.object);
    switch (misuse.kind) {
        case MisuseKind::kForeignUnlock:
            return who + " unlocked " + object + ", which " + someone(misuse.other_thread) + " held";
        case MisuseKind::kDestroyedLocked:
            return who + " destroyed " + object + " while " + someone(misuse.other_thread) + " held it";
        case MisuseKind::kDestroyedWaited: return who + " destroyed " + object + " while threads waited on it";
        case MisuseKind::kRelocked: return who + " locked " + object + " again, which it held";
        case MisuseKind::kExitedHolding: return who + " ended and had " + object + " still locked";
        case MisuseKind::kUnjoinedDestroyed: return destroyed_words(misuse);
        case MisuseKind::kTwoMutexes:
            return who + " and " + thread_words(misuse.other_thread) + " wait on " + object + " with different mutexes";
        case MisuseKind::kHeldLong: return who + " has held " + object + " for long";
    }
    return {};
}

std::string_view word(MisuseKind kind) {
    switch (kind) {
        case MisuseKind::kForeignUnlock: return "foreign-unlock";
        case MisuseKind::kDestroyedLocked: return "destroyed-locked";
        case MisuseKind::kDestroyedWaited: return "destroyed-waited";
        case MisuseKind::kRelocked: return "relocked";
        case MisuseKind::kExitedHolding: return "exited-holding";
        case MisuseKind::kUnjoinedDestroyed: return "unjoined-destroyed";
        case MisuseKind::kTwoMutexes: return "two-mutexes";
        case MisuseKind::kHeldLong: return "held-long";
    }
    return {};
}

}  // namespace analyze
