// SPDX-License-Identifier: Apache-2.0
#include "analyze/words.h"

#include <algorithm>
#include <array>

#include "analyze/finding.h"
#include "analyze/frames.h"

namespace analyze {

namespace {

constexpr std::array kVerdicts = {
    Verdict::kDeadlock, Verdict::kSelfDeadlock, Verdict::kOrphanedLock, Verdict::kLostWakeup, Verdict::kAsleep,
    Verdict::kBlocked,  Verdict::kAlive,        Verdict::kUnjoined,     Verdict::kLockOrder,
};

// Longer lists are cut in messages: `threads` and `behind` have them all.
constexpr size_t kListedThreads = 8;

std::string hexadecimal(uint64_t value) {
    std::string digits;
    do {
        digits.push_back("0123456789abcdef"[value % 16]);
        value /= 16;
    } while (value != 0);
    std::reverse(digits.begin(), digits.end());
    return "0x" + digits;
}

}  // namespace

std::string_view word(Verdict verdict) {
    switch (verdict) {
        case Verdict::kDeadlock: return "deadlock";
        case Verdict::kSelfDeadlock: return "self-deadlock";
        case Verdict::kOrphanedLock: return "orphaned-lock";
        case Verdict::kLostWakeup: return "lost-wakeup";
        case Verdict::kAsleep: return "asleep";
        case Verdict::kBlocked: return "blocked";
        case Verdict::kAlive: return "alive";
        case Verdict::kUnjoined: return "unjoined";
        case Verdict::kLockOrder: return "lock-order";
    }
    return {};
}

std::string_view word(Certainty certainty) {
    switch (certainty) {
        case Certainty::kProved: return "proved";
        case Certainty::kLikely: return "likely";
        case Certainty::kPossible: return "possible";
        case Certainty::kFact: return "fact";
    }
    return {};
}

std::optional<Verdict> verdict_from_word(std::string_view wanted) {
    const auto found =
        std::find_if(kVerdicts.begin(), kVerdicts.end(), [wanted](Verdict verdict) { return word(verdict) == wanted; });
    return found == kVerdicts.end() ? std::nullopt : std::optional<Verdict>(*found);
}

std::vector<std::string> verdict_words() {
    std::vector<std::string> words;
    for (const Verdict verdict : kVerdicts) words.emplace_back(word(verdict));
    return words;
}

std::string_view kind_word(snapshot::LockKind kind) {
    switch (kind) {
        case snapshot::LockKind::kUnknown: return "lock";
        case snapshot::LockKind::kMutex: return "mutex";
        case snapshot::LockKind::kRwlock: return "rwlock";
        case snapshot::LockKind::kSpin: return "spin lock";
        case snapshot::LockKind::kOnce: return "once";
        case snapshot::LockKind::kCondition: return "condition";
        case snapshot::LockKind::kSemaphore: return "semaphore";
        case snapshot::LockKind::kBarrier: return "barrier";
        case snapshot::LockKind::kThread: return "thread";
        case snapshot::LockKind::kFutex: return "futex";
        case snapshot::LockKind::kFile: return "file lock";
        case snapshot::LockKind::kCustom: return "custom lock";
    }
    return {};
}

std::string object_words(const snapshot::Object& object) {
    return (object.noun.empty() ? std::string(kind_word(object.kind)) : object.noun) + " " +
           (object.name.empty() ? hexadecimal(object.address) : object.name);
}

std::string thread_words(uint32_t id) {
    return "T" + std::to_string(id);
}

std::string thread_words(const std::vector<uint32_t>& ids) {
    std::vector<std::string> parts;
    const size_t listed = ids.size() <= kListedThreads ? ids.size() : kListedThreads - 1;
    for (size_t index = 0; index < listed; ++index) parts.push_back(thread_words(ids[index]));
    if (listed < ids.size()) parts.push_back(std::to_string(ids.size() - listed) + " more");
    return listing(parts);
}

std::string place_words(const snapshot::Snapshot& snapshot, snapshot::StackIndex index,
                        const std::string& preposition) {
    const snapshot::Stack& stack = snapshot.stacks.at(index);
    const snapshot::Frame* const own = first_program_frame(stack);
    if (own == nullptr && stack.frames.empty()) return {};
    const std::string place = frame_words(own != nullptr ? *own : stack.frames.front());
    return place.empty() ? place : preposition + place;
}

std::string count_words(size_t threads) {
    return std::to_string(threads) + (threads == 1 ? " thread" : " threads");
}

std::string listing(const std::vector<std::string>& parts) {
    std::string text;
    for (size_t index = 0; index < parts.size(); ++index) {
        if (index > 0) text += index + 1 == parts.size() ? " and " : ", ";
        text += parts[index];
    }
    return text;
}

}  // namespace analyze
