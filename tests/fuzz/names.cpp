// SPDX-License-Identifier: Apache-2.0
//
// A process that chose all its names, numbers and times itself. (What waits are called comes from tables of ours.)
#include <algorithm>

#include "tests/fuzz/reports.h"
#include "tests/fuzz/taker.h"
#include "tests/fuzz/target.h"

namespace fuzz {

namespace {

using snapshot::Frame;
using snapshot::LockKind;
using snapshot::Snapshot;
using snapshot::StackIndex;
using snapshot::State;
using snapshot::Thread;

constexpr size_t kMostThreads = 8;
constexpr uint32_t kIds = 10;

template <typename Enum>
Enum one_of(Taker& taker, Enum last) {
    return static_cast<Enum>(taker.choice(static_cast<size_t>(last) + 1));
}

/// As the rooms before make them: finite, never below zero.
std::optional<double> seconds(Taker& taker) {
    const double value = taker.real();
    return value >= 0 && value < 1e12 ? std::optional(value) : std::nullopt;
}

StackIndex stack(Taker& taker, Snapshot& snapshot) {
    snapshot::Stack made;
    for (size_t left = taker.choice(4); left > 0; --left) {
        Frame frame;
        const uint8_t flags = taker.byte();
        frame.module = taker.text();
        frame.function = taker.text();
        frame.file = taker.text();
        frame.calls = (flags & 1) != 0 ? taker.text() : "";
        frame.line = static_cast<int8_t>(taker.byte());
        frame.offset = frame.address = taker.byte();
        frame.inlined = (flags & 2) != 0;
        frame.language = static_cast<snapshot::Language>((flags >> 2) % 3);
        made.frames.push_back(std::move(frame));
    }
    if (made.frames.empty()) return 0;
    made.truncated = taker.yes();
    snapshot.stacks.push_back(std::move(made));
    return static_cast<StackIndex>(snapshot.stacks.size() - 1);
}

snapshot::Object object(Taker& taker) {
    snapshot::Object made{one_of(taker, LockKind::kCustom), taker.byte(), taker.text()};
    if (taker.yes()) made.noun = "latch";
    return made;
}

snapshot::Wait wait(Taker& taker, Snapshot& snapshot) {
    snapshot::Wait made;
    made.object = object(taker);
    const uint8_t flags = taker.byte();
    if ((flags & 1) != 0) made.mutex = object(taker);
    if ((flags & 2) != 0) made.joins = taker.byte() % kIds;
    if ((flags & 4) != 0) made.detail = taker.text();
    if ((flags & 8) != 0) {
        made.last_signal = snapshot::LastSignal{.thread = static_cast<uint32_t>(taker.byte() % kIds),
                                                .ago_seconds = seconds(taker),
                                                .ago_is_lower_bound = taker.yes(),
                                                .before_wait = taker.yes(),
                                                .waiters = taker.byte(),
                                                .stack = stack(taker, snapshot)};
        made.missed_signal = taker.yes();
    }
    if ((flags & 16) != 0) {
        snapshot::ProcessOwner& owner = made.process_owners.emplace_back();
        owner.pid = taker.byte();
        owner.command = taker.text();
        owner.descriptor = taker.byte();
        owner.thread = static_cast<uint32_t>(*owner.descriptor) % kIds;
        owner.thread_name = owner.command;
        owner.acquired_at = stack(taker, snapshot);
        Thread& now = owner.now.emplace_back();
        now.id = owner.thread;
        now.state = State::kIo;
        now.stack = owner.acquired_at;
    }
    made.prefers_writers = (flags & 32) != 0;
    made.destroys = (flags & 64) != 0;
    if ((flags & 128) != 0) made.members = {taker.byte() % kIds};
    return made;
}

Thread thread(Taker& taker, Snapshot& snapshot, uint32_t id) {
    Thread made;
    made.id = id;
    made.tid = taker.byte();
    made.name = taker.text();
    made.state = one_of(taker, State::kExited);
    const uint8_t flags = taker.byte();
    if ((flags & 1) != 0) made.label = taker.text();
    if ((flags & 2) != 0) made.meaning = "future wait";
    if (made.state == State::kIo) made.io_function = "epoll_wait";
    made.timed = (flags & 4) != 0;
    made.for_seconds = seconds(taker);
    if (made.timed) made.left_seconds = made.timeout_seconds = seconds(taker);
    made.age_seconds = seconds(taker);
    made.finished = made.state == State::kExited;
    made.ends_process = (flags & 8) != 0;
    made.settled = (flags & 16) != 0;
    made.torn = (flags & 32) != 0;
    made.entry = stack(taker, snapshot);
    made.stack = stack(taker, snapshot);
    made.created_by = taker.byte() % kIds;
    made.created_stack = stack(taker, snapshot);
    if ((flags & 64) != 0) made.wait = wait(taker, snapshot);
    for (size_t left = taker.choice(3); left > 0; --left) {
        snapshot::Hold hold;
        hold.lock = object(taker);
        hold.mode = one_of(taker, snapshot::Mode::kShared);
        hold.for_seconds = seconds(taker);
        hold.acquired_at = stack(taker, snapshot);
        made.holds.push_back(std::move(hold));
    }
    return made;
}

void add_facts(Taker& taker, Snapshot& snapshot) {
    for (size_t left = taker.choice(3); left > 0; --left) {
        snapshot::Misuse misuse{one_of(taker, snapshot::MisuseKind::kHeldLong), object(taker)};
        misuse.thread = taker.byte() % kIds;
        misuse.other_thread = taker.byte() % kIds;
        misuse.stack = stack(taker, snapshot);
        misuse.ago_seconds = seconds(taker);
        snapshot.misuses.push_back(std::move(misuse));
    }
    for (size_t left = taker.choice(4); left > 0; --left) {
        snapshot::LockOrder order;
        order.held = object(taker);
        order.lock = object(taker);
        order.held_stack = stack(taker, snapshot);
        order.stack = stack(taker, snapshot);
        order.thread = taker.byte() % kIds;
        order.other_thread = taker.byte() % kIds;
        snapshot.lock_orders.push_back(std::move(order));
    }
    for (size_t left = taker.choice(3); left > 0; --left) snapshot.notes.push_back(taker.text());
}

}  // namespace

void run_names(Bytes input) {
    Taker taker(input);
    Snapshot snapshot;
    snapshot::Process& process = snapshot.process;
    process.pid = taker.byte();
    process.exe = taker.text();
    for (size_t left = taker.choice(4); left > 0; --left) process.command.push_back(taker.text());
    process.reason = one_of(taker, snapshot::Reason::kPostMortem);
    process.end = one_of(taker, snapshot::End::kUnknown);
    process.status = taker.byte();
    process.uptime_seconds = seconds(taker).value_or(0);
    process.at_rest = process.reason == snapshot::Reason::kPostMortem;
    for (uint32_t id = 1; id <= kMostThreads && !taker.is_empty(); ++id)
        snapshot.threads.push_back(thread(taker, snapshot, id));
    add_facts(taker, snapshot);
    snapshot.created_total = static_cast<uint32_t>(snapshot.threads.size());
    expect_sound_reports(std::move(snapshot));
}

}  // namespace fuzz
