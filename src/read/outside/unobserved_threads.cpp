// SPDX-License-Identifier: Apache-2.0
#include "read/outside/unobserved_threads.h"

#include <algorithm>
#include <utility>

#include "read/calls/futex.h"
#include "read/calls/waits.h"

namespace reader {

using snapshot::LockKind;
using snapshot::State;

LocksToAsk locks_of(const std::vector<Sight>& sights) {
    LocksToAsk locks;
    for (const Sight& sight : sights) {
        if (sight.stream) continue;
        if (sight.wait.kind == LockKind::kMutex) locks.emplace(sight.wait.address, protocol::LockKind::kMutex);
        if (sight.wait.kind == LockKind::kRwlock) locks.emplace(sight.wait.address, protocol::LockKind::kRwlock);
    }
    return locks;
}

std::set<uint64_t> futexes_of(const std::vector<Sight>& sights) {
    std::set<uint64_t> futexes;
    for (const Sight& sight : sights) {
        const std::optional<SystemCall>& call = sight.task.call;
        if (call && is_futex_wait(*call) && !is_owned_lock(kernel_futex_call(*call)))
            futexes.insert(call->arguments[0]);
    }
    return futexes;
}

void find_stream(StreamLocks& streams, Sight& sight) {
    const std::optional<SystemCall>& call = sight.task.call;
    if (!call || sight.wait.state != State::kUnknown || !may_wait_for_stream(*call)) return;
    sight.stream = streams.with_lock(call->arguments[0]);
    if (sight.stream) sight.wait = {State::kMutexLock, LockKind::kMutex, sight.stream->stream, 0};
}

void add_stream_owners(StreamLocks& streams, const std::vector<Sight>& sights, LockWords& words) {
    for (const Sight& sight : sights) {
        if (sight.stream) streams.add_owner(*sight.stream, words);
    }
}

UnobservedThreads::UnobservedThreads(uint32_t main_tid, StackTable& stacks, const Live* live)
    : main_tid_(main_tid), stacks_(stacks), live_(live) {}

void UnobservedThreads::add(std::vector<Sight>&& sights, const LockWords& words, bool main_has_ended,
                            const std::function<bool(uint64_t, uint32_t)>& is_gone) {
    for (Sight& sight : sights) add(std::move(sight), words);
    if (main_has_ended) add_ended(kMain, main_tid_);
    for (const auto& [address, tid] : words.owner_tids) {
        const bool may_be_elsewhere = words.shared.contains(address);
        if (tid != 0 && !by_tid_.contains(tid) && !may_be_elsewhere && is_gone(address, tid)) {
            add_ended(++last_, tid).presumed = true;
        }
    }
    add_ended_owners(words);
    if (live_ != nullptr) live_->running.fill(threads_);
    fill_joins();
    fill_owners(words);
}

void UnobservedThreads::add(Sight&& sight, const LockWords& words) {
    const Task& task = sight.task;
    snapshot::Thread thread;
    thread.id = task.recorded_tid == main_tid_ ? kMain : ++last_;
    thread.tid = task.tid;
    thread.name = task.stat.name;
    thread.age_seconds = sight.age_seconds;
    thread.cpu_seconds = sight.cpu_seconds;
    thread.settled = sight.settled;
    thread.asleep = sight.asleep;
    fill_kernel_wait(task, stacks_, thread);
    if (thread.settled && thread.wait && thread.wait->expected) {
        const auto value = words.values.find(thread.wait->object.address);
        if (value != words.values.end()) thread.wait->value = value->second;
    }
    if (live_ != nullptr) live_->details.fill(task, nullptr, thread);
    if (live_ != nullptr && thread.state == State::kRunning) live_->running.note(thread.id, task.tid);
    if (!sight.stack.frames.empty()) thread.stack = stacks_.index_of_unwound(std::move(sight.stack));
    const bool is_lock = sight.wait.kind == LockKind::kMutex || sight.wait.kind == LockKind::kRwlock;
    // Words that cannot be those of a lock: it is some other one, and only the futex is known.
    const bool is_known = sight.wait.state != State::kUnknown &&
                          (!is_lock || words.owner_tids.contains(sight.wait.address) || !words.failure.empty());
    if (is_known && sight.wait.state == State::kIo) {
        thread.state = State::kIo;
        thread.io_function = sight.wait.io_function;
        thread.asleep = false;
        thread.wait.reset();  // the futex
    } else if (is_known) {
        thread.state = sight.wait.state;
        thread.wait.emplace();
        snapshot::Object& object = thread.wait->object;
        object.kind = sight.wait.kind;
        object.address = sight.wait.address;
        if (sight.stream) object = stream_object(*sight.stream);
        thread.wait->prefers_writers = words.prefer_writers.contains(sight.wait.address);
        if (sight.wait.joins_tid != 0) joins_.emplace(thread.id, sight.wait.joins_tid);
        locks_.emplace(object.address, object);
        if (sight.stream && live_ != nullptr) live_->details.fill_stream(task, sight.stream->descriptor, thread);
    }
    if (task.recorded_tid != 0) by_tid_.emplace(task.recorded_tid, thread.id);
    threads_.emplace(thread.id, std::move(thread));
}

snapshot::Thread& UnobservedThreads::add_ended(uint32_t id, uint32_t tid) {
    snapshot::Thread thread;
    thread.id = id;
    thread.tid = tid;
    thread.state = State::kExited;
    thread.finished = true;
    thread.settled = true;
    if (tid != 0) by_tid_.emplace(tid, id);
    return threads_.emplace(id, std::move(thread)).first->second;
}

/// Nobody knows what numbers they had.
void UnobservedThreads::add_ended_owners(const LockWords& words) {
    std::map<uint64_t, uint32_t> ids;  // by pthread_t
    for (const auto& [address, handle] : words.ended_owners) {
        const auto [entry, is_new] = ids.try_emplace(handle, last_ + 1);
        if (is_new) add_ended(++last_, 0).presumed = true;
        ended_owners_.emplace(address, entry->second);
    }
}

void UnobservedThreads::fill_joins() {
    for (const auto& [id, tid] : joins_) {
        const auto joined = by_tid_.find(tid);
        if (joined != by_tid_.end()) threads_.at(id).wait->joins = joined->second;
    }
}

void UnobservedThreads::fill_owners(const LockWords& words) {
    for (const auto& [address, tid] : words.owner_tids) {
        snapshot::LockMemory& memory = lock_memory_[address];
        memory.owner_tid = tid;
        memory.outlives_owner = words.robust.contains(address);
        const auto ended = ended_owners_.find(address);
        const auto owner = by_tid_.find(tid);
        if (ended == ended_owners_.end() && (tid == 0 || owner == by_tid_.end())) continue;
        snapshot::Thread& thread = threads_.at(ended != ended_owners_.end() ? ended->second : owner->second);
        memory.owner_thread = thread.id;
        if (thread.tid != 0) memory.owner_tid = thread.tid;
        snapshot::Hold hold;
        hold.lock = locks_.at(address);
        hold.unrecorded = true;
        thread.holds.push_back(std::move(hold));
    }
}

std::vector<snapshot::Thread> UnobservedThreads::threads() const {
    std::vector<snapshot::Thread> threads;
    threads.reserve(threads_.size());
    for (const auto& [id, thread] : threads_) threads.push_back(thread);
    return threads;
}

}  // namespace reader
