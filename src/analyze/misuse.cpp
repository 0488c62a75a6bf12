// SPDX-License-Identifier: Apache-2.0
#include "analyze/misuse.h"

#include <map>

#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::Misuse;
using snapshot::MisuseKind;
using snapshot::Thread;

/// One for each condition.
void add_two_mutexes(const snapshot::Snapshot& snapshot, std::vector<Misuse>& misuses) {
    std::map<uint64_t, const Thread*> first;
    std::map<uint64_t, bool> told;
    for (const Thread& thread : snapshot.threads) {
        if (thread.state != snapshot::State::kConditionWait || !thread.wait || thread.wait->mutex.address == 0)
            continue;
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

std::string someone(uint32_t thread) {
    return thread == 0 ? "another thread" : thread_words(thread);
}

}  // namespace

std::vector<Misuse> find_misuses(const snapshot::Snapshot& snapshot, std::optional<double> held_longer_than) {
    std::vector<Misuse> misuses = snapshot.misuses;
    add_two_mutexes(snapshot, misuses);
    if (held_longer_than) add_held_long(snapshot, *held_longer_than, misuses);
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
        case MisuseKind::kUnjoinedDestroyed:
            return who + " destroyed the std::thread of " + someone(misuse.other_thread) +
                   ", neither joined nor detached";
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
