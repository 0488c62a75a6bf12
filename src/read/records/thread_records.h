// SPDX-License-Identifier: Apache-2.0
//
// Consistent copies of thread records, as plain values. A record that never comes to rest is copied
// entry by entry: only what two copies show alike is kept, and the copy is called torn.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "read/records/head.h"

namespace reader {

struct WaitCopy {
    protocol::WaitKind kind = protocol::WaitKind::kNone;
    uint8_t flags = 0;
    uint16_t function = 0;
    uint32_t stack = 0;
    uint64_t object = 0;
    uint64_t detail = 0;
    uint64_t since_ns = 0;
    uint64_t deadline_ns = 0;
    uint32_t serial = 0;
    uint64_t caller = 0;  ///< where its call returns to; 0: `stack` tells

    bool operator==(const WaitCopy&) const = default;
};

struct HoldCopy {
    uint32_t entry = 0;
    protocol::HoldState state = protocol::HoldState::kFree;
    protocol::LockKind kind = protocol::LockKind::kNone;
    protocol::Mode mode = protocol::Mode::kExclusive;
    uint64_t address = 0;
    uint64_t since_ns = 0;
    uint32_t stack = 0;
    uint32_t depth = 0;
    uint16_t detail = 0;

    bool operator==(const HoldCopy&) const = default;
};

struct SignalCopy {
    uint64_t object = 0;
    uint64_t time_ns = 0;
    uint32_t stack = 0;
    uint8_t waiters = 0;
    uint8_t flags = 0;
    uint8_t guard = 0;
    uint32_t past_thread = 0;  ///< that has left; 0: the record's own
    protocol::SignalKind kind = protocol::SignalKind::kNone;
};

/// What an OrderEdge says.
struct OrderCopy {
    protocol::LockKind held_kind = protocol::LockKind::kNone;
    protocol::LockKind kind = protocol::LockKind::kNone;
    protocol::Mode held_mode = protocol::Mode::kExclusive;
    protocol::Mode mode = protocol::Mode::kExclusive;
    uint64_t held = 0;
    uint64_t lock = 0;
    uint64_t time_ns = 0;
    uint32_t held_stack = 0;
    uint32_t stack = 0;
    uint32_t thread = 0;
    uint32_t other_thread = 0;
    std::vector<uint32_t> gates;
};

/// What outlives the threads that noted it.
struct Legacy {
    std::vector<SignalCopy> signals;  ///< of threads that have left
    std::vector<OrderCopy> orders;
    std::map<uint32_t, uint32_t> creations;  ///< stack id by hash_of_lock()
    /// Of each class of locks, one after the other: hash_of_lock() of the held one and of the taken one.
    std::vector<std::vector<std::pair<uint32_t, uint32_t>>> turns;
};

struct ThreadCopy {
    uint32_t slot = 0;
    uint32_t sequence = 0;
    bool torn = false;
    uint32_t number = 0;
    uint32_t tid = 0;
    uint32_t created_by = 0;
    uint32_t created_stack = 0;
    protocol::Origin origin = protocol::Origin::kMain;
    uint64_t created_ns = 0;
    uint64_t finished_ns = 0;
    uint64_t start_routine = 0;
    uint64_t handle = 0;
    uint32_t life = 0;
    std::string name;
    uint32_t label = 0;  ///< text id
    uint32_t remarks = 0;
    WaitCopy wait;
    uint32_t holds_lost = 0;
    uint32_t orders_lost = 0;
    std::vector<HoldCopy> holds;  ///< entries that are taken, in whatever state
    std::vector<SignalCopy> signals;

    bool is(uint32_t life_bits) const { return (life & life_bits) != 0; }
    /// Slots that no thread has.
    bool is_free() const { return number == 0 || !is(protocol::kLifeUsed) || is(protocol::kLifeReclaimed); }
};

class ThreadRecords {
public:
    /// `at_rest`: nobody writes any more, so that trying again would show nothing new.
    ThreadRecords(const Source& source, const Layout& layout, bool at_rest);

    /// Every thread's, by slot; free slots are left out. `head`: a fresh copy. `legacy`: may be null.
    std::vector<ThreadCopy> copy_all(const protocol::ProcessRecord& head, Legacy* legacy = nullptr) const;
    /// Empty: the slot is free, or could not be read.
    std::optional<ThreadCopy> copy(uint32_t slot) const;

private:
    struct Bytes;

    bool copy_bytes(uint32_t slot, Bytes& bytes) const;
    std::optional<uint32_t> look_at_sequence(uint32_t slot) const;
    bool copy_consistently(uint32_t slot, Bytes& bytes) const;
    std::optional<ThreadCopy> copy_torn(uint32_t slot, Bytes& bytes) const;
    std::optional<ThreadCopy> copy_into(uint32_t slot, Bytes& bytes) const;

    const Source& source_;
    const Layout& layout_;
    bool at_rest_;
};

/// The newest time stamp in the records; 0: none.
uint64_t newest_stamp(const std::vector<ThreadCopy>& threads);

}  // namespace reader
