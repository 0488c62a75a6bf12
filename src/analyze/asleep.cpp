// SPDX-License-Identifier: Apache-2.0
#include "analyze/asleep.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyze/fingerprint.h"
#include "analyze/owner_index.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::End;
using snapshot::LockKind;
using snapshot::Thread;

constexpr double kTimeToWake = 1;  ///< seconds in which a thread that was signalled got a processor
constexpr size_t kToldGroups = 8;
constexpr size_t kToldDoubts = 4;

/// A process that ends by itself has a thread that ends it.
bool can_apply(const snapshot::Snapshot& snapshot) {
    const snapshot::Process& process = snapshot.process;
    if (process.reason == snapshot::Reason::kExit) return false;
    if (snapshot.losses.threads > 0 || snapshot.may_lack_threads) return false;
    return process.end == End::kAlive || process.end == End::kSignal ||
           (process.end == End::kUnknown && !process.status);
}

bool is_signalled(LockKind kind) {
    return kind == LockKind::kCondition || kind == LockKind::kSemaphore;
}

/// A thread of another process has what this one waits for, and is not known to be stuck itself.
bool has_foreign_owner_awake(const snapshot::Snapshot& snapshot, const snapshot::Wait& wait) {
    return std::any_of(wait.process_owners.begin(), wait.process_owners.end(), [&](const auto& owner) {
        const bool is_stuck = !owner.now.empty() && snapshot::is_blocked(owner.now.front());
        return owner.pid != snapshot.process.pid && !is_stuck;
    });
}

class Search {
public:
    explicit Search(const snapshot::Snapshot& snapshot) : snapshot_(snapshot), index_(snapshot) {}

    /// False: a thread may run.
    bool add(const Thread& thread) {
        if (!snapshot::is_blocked(thread)) return false;
        if (snapshot_.process.at_rest ? !stays_asleep(thread) : !thread.asleep) return false;
        if (thread.wait && has_foreign_owner_awake(snapshot_, *thread.wait)) return false;
        if (thread.wait && thread.wait->shared)
            doubt(object_words(thread.wait->object) + " is, or may be, shared with other processes");
        sleepers_.push_back(&thread);
        return true;
    }

    const std::vector<const Thread*>& sleepers() const { return sleepers_; }

    std::vector<std::string> doubts() {
        const snapshot::Wakers& wakers = snapshot_.wakers;
        if (wakers.handler) doubt("a signal handler was installed");
        if (wakers.timer) doubt("a timer was made");
        if (wakers.cancel) doubt("a thread was cancelled");
        if (wakers.completion) doubt("libc was asked to tell of a transfer, a message or a look-up");
        if (wakers.memory) doubt("another process runs in the memory of this one, and may wake them");
        if (wakers.unknown) doubt("without the library, timers and cancellations are not known");
        if (wakers.shared) doubt("a lock was made that other processes may share");
        return std::move(doubts_);
    }

private:
    void doubt(std::string words) {
        const bool is_known = std::find(doubts_.begin(), doubts_.end(), words) != doubts_.end();
        if (!is_known && doubts_.size() < kToldDoubts) doubts_.push_back(std::move(words));
    }

    /// The process was killed: what ended the wait may have come just before, and show only in the
    /// records of others.
    bool stays_asleep(const Thread& thread) {
        if (thread.last_recorded || !thread.settled) return false;
        if (awaited_kind(thread.state) != LockKind::kUnknown) return has_live_owner(thread);
        if (!thread.wait || !is_signalled(thread.wait->object.kind)) {
            doubt("nothing is recorded of what could have ended the " + snapshot::state_word(thread) + " of " +
                  thread_words(thread.id));
            return true;
        }
        const std::optional<snapshot::LastSignal>& signal = thread.wait->last_signal;
        if (thread.wait->signal_unknown) return false;
        if (!signal || signal->before_wait) return true;
        if (signal->ago_seconds.value_or(0) < kTimeToWake) return false;
        doubt(object_words(thread.wait->object) + " was signalled after " + thread_words(thread.id) + " began to wait");
        return true;
    }

    bool has_live_owner(const Thread& thread) {
        for (const Owner& owner : index_.owners_of_wait(thread)) {
            const Thread* const found = snapshot::find_thread(snapshot_, owner.thread);
            if (found == nullptr || found->finished || owner.queued) continue;
            if (owner.in_doubt) return false;
            return true;
        }
        return false;
    }

    const snapshot::Snapshot& snapshot_;
    OwnerIndex index_;
    std::vector<const Thread*> sleepers_;
    std::vector<std::string> doubts_;
};

/// ", last signalled by T2"; empty where nothing is known.
std::string signal_words(const Thread& thread) {
    if (!thread.wait || !thread.wait->last_signal || thread.wait->last_signal->thread == 0) return {};
    const bool is_post = thread.wait->object.kind == LockKind::kSemaphore;
    return std::string(is_post ? ", last posted by " : ", last signalled by ") +
           thread_words(thread.wait->last_signal->thread);
}

/// "T1 in join at main; T2 and T3 in cond wait at Channel<int>::receive(), last signalled by T1".
std::string sleeper_words(const snapshot::Snapshot& snapshot, const std::vector<const Thread*>& sleepers) {
    std::map<std::string, size_t> known;
    std::vector<std::pair<std::string, std::vector<uint32_t>>> groups;
    for (const Thread* const thread : sleepers) {
        std::string words = " in " + snapshot::state_word(*thread) + place_words(snapshot, thread->stack, " at ") +
                            signal_words(*thread);
        const auto [entry, is_new] = known.try_emplace(words, groups.size());
        if (is_new) groups.push_back({std::move(words), {}});
        groups[entry->second].second.push_back(thread->id);
    }
    std::string text;
    for (size_t index = 0; index < groups.size() && index < kToldGroups; ++index) {
        text += (index == 0 ? "" : "; ") + thread_words(groups[index].second) + groups[index].first;
    }
    return groups.size() <= kToldGroups ? text : text + "; and so on";
}

}  // namespace

std::optional<Finding> find_asleep(const snapshot::Snapshot& snapshot) {
    if (!can_apply(snapshot)) return std::nullopt;
    Search search(snapshot);
    for (const Thread& thread : snapshot.threads) {
        // A torn record may lack the note of a signal, also where its thread has ended.
        if (thread.torn || (!thread.finished && !search.add(thread))) return std::nullopt;
    }
    if (search.sleepers().empty()) return std::nullopt;
    Finding finding;
    finding.verdict = Verdict::kAsleep;
    std::vector<std::string> identities;
    for (const Thread* const thread : search.sleepers()) {
        finding.threads.push_back(thread->id);
        identities.push_back(identity(snapshot, *thread));
    }
    const std::vector<std::string> doubts = search.doubts();
    finding.certainty = doubts.empty() ? Certainty::kProved : Certainty::kLikely;
    finding.message = "no thread can run again: " + sleeper_words(snapshot, search.sleepers());
    if (!doubts.empty()) finding.message += "; not proved: " + listing(doubts);
    finding.fingerprint = fingerprint(finding.verdict, std::move(identities));
    return finding;
}

}  // namespace analyze
