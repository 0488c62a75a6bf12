// SPDX-License-Identifier: Apache-2.0
#include "render/tally.h"

#include <algorithm>

#include "render/words.h"

namespace render {

using analyze::Verdict;

void Tally::add(const analyze::Finding& finding) {
    Count& count = counts_[{finding.verdict, finding.certainty == analyze::Certainty::kLikely}];
    ++count.findings;
    count.threads += finding.threads.size();
}

void Tally::add(const Tally& other) {
    for (const auto& [verdict, count] : other.counts_) {
        Count& sum = counts_[verdict];
        sum.findings += count.findings;
        sum.threads += count.threads;
    }
}

bool Tally::is_failure() const {
    return std::any_of(counts_.begin(), counts_.end(),
                       [](const auto& entry) { return entry.first.first != Verdict::kLockOrder; });
}

std::vector<std::string> Tally::strong() const {
    return words(false);
}

std::vector<std::string> Tally::leftover() const {
    return words(true);
}

std::vector<std::string> Tally::words(bool of_leftover) const {
    std::vector<std::string> parts;
    for (const auto& [verdict, count] : counts_) {
        if ((verdict.first >= Verdict::kBlocked) == of_leftover)
            parts.push_back(words(verdict.first, verdict.second, count));
    }
    return parts;
}

/// "1 deadlock", of findings; "3 blocked threads", of threads.
std::string Tally::words(Verdict verdict, bool is_likely, const Count& count) {
    const std::string likely = is_likely ? "likely " : "";
    switch (verdict) {
        case Verdict::kDeadlock: return counted(count.findings, likely + "deadlock");
        case Verdict::kSelfDeadlock: return counted(count.findings, likely + "self-deadlock");
        case Verdict::kOrphanedLock: return counted(count.findings, likely + "orphaned lock");
        case Verdict::kLostWakeup: return counted(count.findings, likely + "lost wakeup");
        case Verdict::kAsleep:
            return counted(count.threads, "thread") + (is_likely ? " likely" : "") + " asleep for ever";
        case Verdict::kBlocked: return counted(count.threads, "blocked thread");
        case Verdict::kAlive: return counted(count.threads, "thread") + " still alive";
        case Verdict::kUnjoined: return counted(count.threads, "unjoined thread");
        case Verdict::kLockOrder: return counted(count.findings, "lock-order inversion");
    }
    return {};
}

}  // namespace render
