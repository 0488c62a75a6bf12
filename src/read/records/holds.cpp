// SPDX-License-Identifier: Apache-2.0
#include "read/records/holds.h"

#include <algorithm>
#include <utility>

#include "read/records/lock_kinds.h"
#include "read/records/shared_places.h"

namespace reader {

using protocol::HoldState;

namespace {

bool is_owned(HoldState state) {
    return state == HoldState::kHeld || state == HoldState::kReleasing;
}

/// The depth of a once lies where the others have their bits.
bool has_inherited(const HoldCopy& taken) {
    return taken.kind != protocol::LockKind::kOnce && (taken.detail & protocol::kHoldInherited) != 0;
}

/// The stamp is that of the clock's last tick, before the thread was there. Of an older one, which the process had when
/// it was forked, no more is known.
void fill_time(const HoldCopy& taken, const ThreadCopy& copy, const Times& times, snapshot::Hold& hold) {
    if (taken.since_ns == 0) return;
    hold.for_seconds = times.since(std::max(taken.since_ns, copy.created_ns));
    hold.for_is_lower_bound = times.is_lower_bound || taken.since_ns + kLongestTickNs < copy.created_ns;
}

}  // namespace

std::vector<snapshot::Hold> holds_of(const ThreadCopy& copy, uint32_t live, const Times& times, StackTable& stacks) {
    std::vector<snapshot::Hold> holds;
    for (const HoldCopy& taken : copy.holds) {
        if (!is_owned(taken.state) && taken.state != HoldState::kLent) continue;
        const bool is_inherited = has_inherited(taken);
        if (is_inherited && live != 0 && place_of(live, taken.address)) continue;  // its parent's
        snapshot::Hold hold;
        hold.in_doubt = is_inherited && live == 0;
        hold.lock.kind = lock_kind_of(taken.kind);
        hold.lock.address = taken.address;
        hold.mode = mode_of(taken.mode);
        hold.depth = std::max<uint32_t>(taken.depth, 1);
        hold.releasing = taken.state == HoldState::kReleasing;
        hold.lent = taken.state == HoldState::kLent;
        hold.acquired_at = stacks.index_of(taken.stack);
        fill_time(taken, copy, times, hold);
        holds.push_back(std::move(hold));
    }
    return holds;
}

bool owns_a_lock(const ThreadCopy& copy) {
    return std::any_of(copy.holds.begin(), copy.holds.end(), [](const HoldCopy& hold) { return is_owned(hold.state); });
}

}  // namespace reader
