// SPDX-License-Identifier: Apache-2.0
#include "read/wakers.h"

#include <algorithm>
#include <map>

#include "read/kernel/mappings.h"
#include "read/kernel/memory_sharers.h"
#include "read/kernel/signal_sets.h"
#include "read/records/head.h"

namespace reader {

namespace {

/// The waits of threads that sleep, by the address of what they wait for.
std::multimap<uint64_t, snapshot::Wait*> waits_asleep(snapshot::Snapshot& snapshot) {
    std::multimap<uint64_t, snapshot::Wait*> waits;
    for (snapshot::Thread& thread : snapshot.threads) {
        if (thread.asleep && thread.wait) waits.emplace(thread.wait->object.address, &*thread.wait);
    }
    return waits;
}

/// What cannot be told may be shared.
void mark_shared(uint32_t pid, snapshot::Snapshot& snapshot) {
    const std::multimap<uint64_t, snapshot::Wait*> waits = waits_asleep(snapshot);
    if (waits.empty()) return;
    for (const auto& [address, wait] : waits) wait->shared = true;
    visit_mappings(pid, [&](const Mapping& mapping) {
        const auto end = waits.lower_bound(mapping.end);
        for (auto entry = waits.lower_bound(mapping.start); entry != end; ++entry) {
            entry->second->shared = mapping.shared;
        }
        return mapping.end <= waits.rbegin()->first;
    });
}

/// Asks of every process there is: only where nothing else stands in the way of a proof.
bool must_ask_for_sharers(const snapshot::Snapshot& snapshot) {
    const snapshot::Wakers& wakers = snapshot.wakers;
    if (wakers.handler || wakers.timer || wakers.cancel || wakers.completion || wakers.shared || wakers.unknown)
        return false;
    return std::all_of(snapshot.threads.begin(), snapshot.threads.end(), [](const snapshot::Thread& thread) {
        return thread.finished || (thread.asleep && !(thread.wait && thread.wait->shared));
    });
}

/// One that woke a thread and ended before it could be asked for left that thread awake.
void ask_for_sharers(uint32_t pid, const TaskLook& tasks, snapshot::Snapshot& snapshot) {
    snapshot.wakers.memory = is_memory_shared(pid, tasks.tasks.front().tid);
    const bool all_sleep =
        std::all_of(tasks.tasks.begin(), tasks.tasks.end(), [pid](const Task& task) { return sleeps_on(pid, task); });
    if (all_sleep) return;
    for (snapshot::Thread& thread : snapshot.threads) thread.asleep = false;
}

}  // namespace

void fill_wakers(const protocol::ProcessRecord& head, uint32_t pid, const TaskLook& tasks,
                 snapshot::Snapshot& snapshot) {
    const uint32_t noted = head.wakers.load(std::memory_order_relaxed);  // the head is a private copy
    snapshot.wakers.handler = (noted & protocol::kWakerHandler) != 0;
    snapshot.wakers.timer = (noted & protocol::kWakerTimer) != 0;
    snapshot.wakers.cancel = (noted & protocol::kWakerCancel) != 0;
    snapshot.wakers.completion = (noted & protocol::kWakerCompletion) != 0;
    snapshot.wakers.shared = (noted & protocol::kWakerShared) != 0;
    if (!tasks.all_slept) return;
    // The library's own handlers wake nobody.
    const uint64_t caught = tasks.tasks.front().status->caught;
    if ((caught & ~(kSignalsOfLibc | signals_of_library(head))) != 0) snapshot.wakers.handler = true;
    mark_shared(pid, snapshot);
    if (must_ask_for_sharers(snapshot)) ask_for_sharers(pid, tasks, snapshot);
}

void fill_unobserved_wakers(uint32_t pid, const TaskLook& tasks, snapshot::Snapshot& snapshot) {
    snapshot.wakers.unknown = true;
    if (!tasks.all_slept) return;
    snapshot.wakers.handler = (tasks.tasks.front().status->caught & ~kSignalsOfLibc) != 0;
    mark_shared(pid, snapshot);
}

}  // namespace reader
