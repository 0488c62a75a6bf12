// SPDX-License-Identifier: Apache-2.0
#include "read/records/thread_records.h"

#include <sched.h>

#include <algorithm>
#include <cstring>

#include "protocol/seqlock.h"
#include "read/records/head.h"

namespace reader {

using protocol::HoldState;
using protocol::ThreadRecord;

namespace {

// What the largest recording has room for, with some to spare; a hostile one claims more.
constexpr uint64_t kMaxSlots = uint64_t{2} * protocol::kCapacities[0].threads;
constexpr int kTries = 100;
constexpr int kTriesBetweenPauses = 16;

std::string copy_name(const ThreadRecord& record) {
    uint64_t words[2] = {record.name[0].load(kRelaxed), record.name[1].load(kRelaxed)};
    const char* const bytes = reinterpret_cast<const char*>(words);
    return std::string(bytes, strnlen(bytes, sizeof(words) - 1));
}

WaitCopy copy_wait(const ThreadRecord& record) {
    const protocol::Wait& wait = record.wait;
    const bool has_caller = wait.kind.load(kRelaxed) >= protocol::WaitKind::kIo && wait.stack.load(kRelaxed) == 0;
    return {wait.kind.load(kRelaxed),     wait.flags.load(kRelaxed),
            wait.function.load(kRelaxed), wait.stack.load(kRelaxed),
            wait.object.load(kRelaxed),   wait.detail.load(kRelaxed),
            wait.since_ns.load(kRelaxed), wait.deadline_ns.load(kRelaxed),
            wait.serial.load(kRelaxed),   has_caller ? record.wait_caller.load(kRelaxed) : 0};
}

std::vector<HoldCopy> copy_holds(const ThreadRecord& record) {
    std::vector<HoldCopy> holds;
    for (uint32_t i = 0; i < protocol::kHoldCount; ++i) {
        const protocol::Hold& hold = record.holds[i];
        const HoldState state = hold.state.load(kRelaxed);
        if (state == HoldState::kFree) continue;
        holds.push_back({i, state, hold.kind, hold.mode, hold.address.load(kRelaxed), hold.since_ns.load(kRelaxed),
                         hold.stack.load(kRelaxed), hold.depth.load(kRelaxed), hold.detail});
    }
    return holds;
}

std::vector<SignalCopy> copy_signals(const ThreadRecord& record) {
    std::vector<SignalCopy> signals;
    for (const protocol::LastSignal& signal : record.signals) {
        const uint64_t object = signal.object.load(kRelaxed);
        if (object == 0) continue;
        const uint8_t flags = signal.flags.load(kRelaxed);
        const bool is_past = (flags & protocol::kSignalPast) != 0;
        signals.push_back({object, signal.time_ns.load(kRelaxed), signal.stack.load(kRelaxed),
                           signal.waiters.load(kRelaxed), flags, signal.guard.load(kRelaxed),
                           is_past ? record.past_number.load(kRelaxed) : 0, signal.kind.load(kRelaxed)});
    }
    return signals;
}

bool is_possible(protocol::LockKind kind) {
    return kind == protocol::LockKind::kMutex || kind == protocol::LockKind::kRwlock ||
           kind == protocol::LockKind::kSpin;
}

void copy_orders(const protocol::OrderBlock& block, std::vector<OrderCopy>& orders) {
    for (const protocol::OrderEdge& edge : block.edges) {
        if (edge.state.load(kRelaxed) != protocol::OrderState::kNoted) continue;
        OrderCopy copy{edge.held_kind,
                       edge.kind,
                       edge.held_mode,
                       edge.mode,
                       edge.held.load(kRelaxed),
                       edge.lock.load(kRelaxed),
                       edge.time_ns.load(kRelaxed),
                       edge.held_stack.load(kRelaxed),
                       edge.stack.load(kRelaxed),
                       edge.thread.load(kRelaxed),
                       edge.other_thread.load(kRelaxed),
                       {}};
        for (const std::atomic<uint32_t>& gate : edge.gates) {
            if (gate.load(kRelaxed) != 0) copy.gates.push_back(gate.load(kRelaxed));
        }
        if (is_possible(copy.held_kind) && is_possible(copy.kind)) orders.push_back(std::move(copy));
    }
}

void copy_creations(const protocol::CreationBlock& block, std::map<uint32_t, uint32_t>& creations) {
    for (const std::atomic<uint64_t>& entry : block.entries) {
        const uint64_t creation = entry.load(kRelaxed);
        if (creation != 0) creations.emplace(static_cast<uint32_t>(creation >> 32), static_cast<uint32_t>(creation));
    }
}

/// As far as they are written: what comes after a gap may be in another order.
void copy_turns(const protocol::TurnBlock& block, Legacy& legacy) {
    for (const protocol::TurnLog& log : block.logs) {
        if (legacy.turns.size() == protocol::kTurnLogs) return;  // one block is all that a process fills
        if (log.made_at.load(kRelaxed) == 0) continue;
        std::vector<std::pair<uint32_t, uint32_t>>& turns = legacy.turns.emplace_back();
        for (const std::atomic<uint64_t>& entry : log.turns) {
            const uint64_t turn = entry.load(kRelaxed);
            if (turn == 0) break;
            turns.emplace_back(static_cast<uint32_t>(turn >> 32), static_cast<uint32_t>(turn));
        }
    }
}

/// Moves what the slot's last thread left behind out of what is its present one's.
void move_past(std::vector<SignalCopy>& signals, std::vector<SignalCopy>& past) {
    const auto is_own = [](const SignalCopy& signal) { return (signal.flags & protocol::kSignalPast) == 0; };
    const auto first = std::stable_partition(signals.begin(), signals.end(), is_own);
    past.insert(past.end(), first, signals.end());
    signals.erase(first, signals.end());
}

ThreadCopy copy_values(const ThreadRecord& record, uint32_t slot) {
    ThreadCopy copy;
    copy.slot = slot;
    copy.sequence = record.sequence.load(kRelaxed);
    copy.number = record.number.load(kRelaxed);
    copy.tid = record.tid.load(kRelaxed);
    copy.created_by = record.created_by.load(kRelaxed);
    copy.created_stack = record.created_stack.load(kRelaxed);
    copy.origin = record.origin.load(kRelaxed);
    copy.created_ns = record.created_ns.load(kRelaxed);
    copy.finished_ns = record.finished_ns.load(kRelaxed);
    copy.start_routine = record.start_routine.load(kRelaxed);
    copy.handle = record.handle.load(kRelaxed);
    copy.life = record.life.load(kRelaxed);
    copy.name = copy_name(record);
    copy.label = record.label.load(kRelaxed);
    copy.remarks = record.remarks.load(kRelaxed);
    copy.wait = copy_wait(record);
    copy.holds_lost = record.holds_lost.load(kRelaxed);
    copy.orders_lost = record.orders_lost.load(kRelaxed);
    copy.holds = copy_holds(record);
    copy.signals = copy_signals(record);
    return copy;
}

/// Keeps the entries of `now` that `before` has too.
void keep_steady(const std::vector<HoldCopy>& before, std::vector<HoldCopy>& now) {
    const auto moved = [&](const HoldCopy& hold) {
        return std::find(before.begin(), before.end(), hold) == before.end();
    };
    now.erase(std::remove_if(now.begin(), now.end(), moved), now.end());
}

}  // namespace

struct ThreadRecords::Bytes {
    alignas(ThreadRecord) char bytes[sizeof(ThreadRecord)];

    /// What a slot holds, by its use.
    template <typename Block>
    const Block& as() const {
        static_assert(sizeof(Block) == sizeof(bytes));
        return *reinterpret_cast<const Block*>(bytes);
    }

    const ThreadRecord& record() const { return as<ThreadRecord>(); }

    void add_to(Legacy& legacy) const {
        switch (record().use.load(kRelaxed)) {
            case protocol::SlotUse::kThread: return;
            case protocol::SlotUse::kOrders: return copy_orders(as<protocol::OrderBlock>(), legacy.orders);
            case protocol::SlotUse::kCreations: return copy_creations(as<protocol::CreationBlock>(), legacy.creations);
            case protocol::SlotUse::kTurns: return copy_turns(as<protocol::TurnBlock>(), legacy);
        }
    }
};

ThreadRecords::ThreadRecords(const Source& source, const Layout& layout, bool at_rest)
    : source_(source), layout_(layout), at_rest_(at_rest) {}

/// Fields that the record's writer did not know are 0.
bool ThreadRecords::copy_bytes(uint32_t slot, Bytes& bytes) const {
    const Extent& extent = layout_.regions[protocol::kThreads];
    const size_t known = std::min<size_t>(extent.element_bytes, sizeof(bytes.bytes));
    std::memset(bytes.bytes, 0, sizeof(bytes.bytes));
    return source_.read(extent.offset + uint64_t{slot} * extent.stride, bytes.bytes, known) == known;
}

std::optional<uint32_t> ThreadRecords::look_at_sequence(uint32_t slot) const {
    const Extent& extent = layout_.regions[protocol::kThreads];
    uint32_t sequence = 0;
    const uint64_t offset = extent.offset + uint64_t{slot} * extent.stride + offsetof(ThreadRecord, sequence);
    if (!read_value(source_, offset, sequence)) return std::nullopt;
    return sequence;
}

bool ThreadRecords::copy_consistently(uint32_t slot, Bytes& bytes) const {
    const int tries = at_rest_ ? 1 : kTries;
    for (int i = 0; i < tries; ++i) {
        // A writer that lost its processor in the middle of a write gets it back.
        if (i % kTriesBetweenPauses == kTriesBetweenPauses - 1) sched_yield();
        const std::optional<uint32_t> first = look_at_sequence(slot);
        if (!first || (*first & 1U) != 0) continue;
        if (!copy_bytes(slot, bytes)) return false;
        const std::optional<uint32_t> second = look_at_sequence(slot);
        if (second && protocol::is_consistent(*first, *second)) return true;
    }
    return false;
}

/// Waits and holds have state words of their own, which say when they are being filled; notes of
/// signals have none.
std::optional<ThreadCopy> ThreadRecords::copy_torn(uint32_t slot, Bytes& bytes) const {
    if (!copy_bytes(slot, bytes)) return std::nullopt;
    const ThreadCopy before = copy_values(bytes.record(), slot);
    if (!copy_bytes(slot, bytes)) return std::nullopt;
    ThreadCopy now = copy_values(bytes.record(), slot);
    now.torn = true;
    if (!(now.wait == before.wait)) now.wait = WaitCopy{};
    keep_steady(before.holds, now.holds);
    now.signals.clear();
    return now;
}

std::optional<ThreadCopy> ThreadRecords::copy_into(uint32_t slot, Bytes& bytes) const {
    return copy_consistently(slot, bytes) ? copy_values(bytes.record(), slot) : copy_torn(slot, bytes);
}

std::optional<ThreadCopy> ThreadRecords::copy(uint32_t slot) const {
    Bytes bytes;
    std::optional<ThreadCopy> copy = copy_into(slot, bytes);
    return copy && !copy->is_free() ? copy : std::nullopt;
}

std::vector<ThreadCopy> ThreadRecords::copy_all(const protocol::ProcessRecord& head, Legacy* legacy) const {
    Bytes bytes;
    std::vector<SignalCopy> past;
    std::vector<ThreadCopy> threads;
    const uint64_t used = used_bytes(source_, layout_, head, protocol::kThreads);
    const uint64_t slots = std::min(used / layout_.regions[protocol::kThreads].stride, kMaxSlots);
    for (uint32_t slot = 0; slot < slots; ++slot) {
        std::optional<ThreadCopy> thread = copy_into(slot, bytes);
        if (!thread) continue;
        if (thread->number == 0 && bytes.record().use.load(kRelaxed) != protocol::SlotUse::kThread) {
            if (legacy != nullptr) bytes.add_to(*legacy);
            continue;
        }
        move_past(thread->signals, past);
        if (!thread->is_free()) threads.push_back(std::move(*thread));
    }
    if (legacy != nullptr) legacy->signals = std::move(past);
    return threads;
}

uint64_t newest_stamp(const std::vector<ThreadCopy>& threads) {
    uint64_t newest = 0;
    for (const ThreadCopy& thread : threads) {
        newest = std::max({newest, thread.created_ns, thread.finished_ns, thread.wait.since_ns});
        for (const HoldCopy& hold : thread.holds) newest = std::max(newest, hold.since_ns);
        for (const SignalCopy& signal : thread.signals) newest = std::max(newest, signal.time_ns);
    }
    return newest;
}

}  // namespace reader
