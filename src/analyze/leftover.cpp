// SPDX-License-Identifier: Apache-2.0
#include "analyze/leftover.h"

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "analyze/fingerprint.h"
#include "analyze/language_runtimes.h"
#include "analyze/stack_classes.h"
#include "analyze/words.h"

namespace analyze {

namespace {

using snapshot::Reason;
using snapshot::State;

/// Verdict, state word, timed, block site and whether it is of now, creation site.
using Likeness = std::tuple<Verdict, std::string, bool, snapshot::StackIndex, bool, snapshot::StackIndex>;
using Group = std::vector<const snapshot::Thread*>;

std::string state_words(const snapshot::Thread& thread) {
    std::string state = snapshot::state_word(thread);
    if (thread.timed) return "in timed " + state;
    switch (thread.state) {
        case State::kRunning:
        case State::kSpinning: return state;
        case State::kUnknown: return "alive";
        case State::kMutexLock:
        case State::kRwlockRead:
        case State::kRwlockWrite:
        case State::kSpinLock:
        case State::kCustomLock:
        case State::kConditionWait:
        case State::kSemaphore:
        case State::kBarrier:
        case State::kJoin:
        case State::kOnce:
        case State::kFutex:
        case State::kSleep:
        case State::kIo:
        case State::kFileLock:
        case State::kChildWait:
        case State::kSignalWait:
        case State::kExited: return "in " + state;
    }
    return state;
}

/// ", created in Suite.Test, Suite.Other": what the program says that they were created for.
std::string label_words(const Group& group) {
    constexpr size_t kTold = 4;
    std::set<std::string> labels;
    for (const snapshot::Thread* const thread : group) {
        if (!thread->label.empty()) labels.insert(thread->label);
    }
    std::string words;
    size_t told = 0;
    for (const std::string& label : labels) {
        if (told++ == kTold) return words + " and " + std::to_string(labels.size() - kTold) + " more";
        words += (words.empty() ? ", created in " : ", ") + label;
    }
    return words;
}

std::string message(const snapshot::Snapshot& snapshot, Verdict verdict, const Group& group) {
    const snapshot::Thread& first = *group.front();
    const std::string threads = count_words(group.size());
    const std::string labels = label_words(group);
    if (verdict == Verdict::kUnjoined) {
        return threads + " finished and " + (group.size() == 1 ? "was" : "were") + " never joined" + labels +
               place_words(snapshot, first.created_stack, labels.empty() ? ", created in " : " at ");
    }
    const std::string what =
        verdict == Verdict::kBlocked ? " blocked in " + snapshot::state_word(first) : " still " + state_words(first);
    return threads + what +
           place_words(snapshot, first.stack, first.stack_is_last_known ? ", last known at " : " at ") + labels;
}

Finding judge(const snapshot::Snapshot& snapshot, Verdict verdict, const Group& group) {
    Finding finding;
    finding.verdict = verdict;
    finding.certainty = Certainty::kFact;
    std::vector<std::string> identities;
    for (const snapshot::Thread* const thread : group) {
        finding.threads.push_back(thread->id);
        identities.push_back(verdict == Verdict::kUnjoined ? identity_of_finished(snapshot, *thread)
                                                           : identity(snapshot, *thread));
    }
    finding.message = message(snapshot, verdict, group);
    finding.fingerprint = fingerprint(verdict, std::move(identities));
    return finding;
}

}  // namespace

bool is_end_of_process(Reason reason) {
    switch (reason) {
        case Reason::kExit:
        case Reason::kTimeout:
        case Reason::kPostMortem: return true;
        case Reason::kSignal:
        case Reason::kDump:
        case Reason::kWatch: return false;
    }
    return false;
}

bool is_unjoined(const snapshot::Thread& thread) {
    return thread.finished && !thread.joined && thread.detached == false && thread.id != 1;
}

std::optional<Verdict> leftover_verdict(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread) {
    if (thread.expected || thread.ends_process || has_asked_for_end(snapshot, thread) ||
        is_kept_by_end(snapshot, thread) || is_runtime_helper(snapshot, thread)) {
        return std::nullopt;
    }
    if (thread.finished) return is_unjoined(thread) ? std::optional(Verdict::kUnjoined) : std::nullopt;
    return snapshot::is_blocked(thread) ? Verdict::kBlocked : Verdict::kAlive;
}

std::vector<Finding> find_leftovers(const snapshot::Snapshot& snapshot, const std::set<uint32_t>& taken) {
    StackClasses classes(snapshot);
    std::map<Likeness, Group> groups;
    for (const snapshot::Thread& thread : snapshot.threads) {
        const std::optional<Verdict> verdict = leftover_verdict(snapshot, thread);
        if (!verdict || taken.count(thread.id) > 0) continue;
        if (!is_end_of_process(snapshot.process.reason) && !(thread.overdue && *verdict == Verdict::kBlocked)) continue;
        groups[{*verdict, snapshot::state_word(thread), thread.timed, classes.representative(thread.stack),
                thread.stack_is_last_known, classes.representative(thread.created_stack)}]
            .push_back(&thread);
    }
    std::vector<Finding> findings;
    findings.reserve(groups.size());
    for (const auto& [likeness, group] : groups)
        findings.push_back(judge(snapshot, std::get<Verdict>(likeness), group));
    return findings;
}

}  // namespace analyze
