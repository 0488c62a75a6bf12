// SPDX-License-Identifier: Apache-2.0
#include "read/owners/rwlock_readers.h"

#include <algorithm>
#include <map>
#include <utility>

namespace reader {

namespace {

/// How often each thread has rwlocks for reading, by lock and the thread's slot and number.
using ReadHolds = std::map<uint64_t, std::map<std::pair<uint32_t, uint32_t>, uint32_t>>;

/// Who is about to read is counted in memory, unless it lets writers pass first.
bool is_counted(const HoldCopy& hold, const LockWords& words) {
    using protocol::HoldState;
    if (hold.kind != protocol::LockKind::kRwlock || hold.mode != protocol::Mode::kShared) return false;
    return hold.state == HoldState::kHeld || hold.state == HoldState::kReleasing ||
           (hold.state == HoldState::kAcquiring && !words.prefer_writers.contains(hold.address));
}

ReadHolds read_holds(const std::vector<ThreadCopy>& threads, const LockWords& words) {
    ReadHolds holds;
    for (const ThreadCopy& thread : threads) {
        for (const HoldCopy& hold : thread.holds) {
            if (is_counted(hold, words)) holds[hold.address][{thread.slot, thread.number}] += std::max(hold.depth, 1U);
        }
    }
    return holds;
}

}  // namespace

/// The locks were read between the looks: who had one at either was perhaps counted there. Too many are
/// better than too few, behind which the hold of one that let go unseen would pass for another's.
void fill_readers(const LockWords& words, const std::vector<ThreadCopy>& before, const std::vector<ThreadCopy>& after,
                  snapshot::Snapshot& snapshot) {
    if (words.readers.empty()) return;
    ReadHolds recorded = read_holds(before, words);
    for (const auto& [address, depths] : read_holds(after, words)) {
        for (const auto& [thread, depth] : depths) {
            uint32_t& known = recorded[address][thread];
            known = std::max(known, depth);
        }
    }
    for (const auto& [address, readers] : words.readers) {
        snapshot::LockMemory& memory = snapshot.lock_memory[address];
        memory.readers = readers;
        for (const auto& [thread, depth] : recorded[address]) memory.recorded_readers += depth;
    }
}

}  // namespace reader
