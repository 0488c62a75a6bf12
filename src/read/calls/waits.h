// SPDX-License-Identifier: Apache-2.0
//
// What a thread waits for: as its wrapper recorded it, or, outside of wrappers, as the kernel says.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "read/kernel/tasks.h"
#include "read/records/stacks.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"
#include "snapshot/snapshot.h"

namespace reader {

/// The last signal, broadcast, post or wake on each object that is waited for.
class LastSignals {
public:
    /// Ended threads' notes count as long as their slots have them; `past` are of those whose slots have
    /// gone to others.
    LastSignals(const std::vector<ThreadCopy>& threads, const std::vector<SignalCopy>& past);

    /// For a wait on `object` that began at `since_ns`.
    std::optional<snapshot::LastSignal> on(uint64_t object, uint64_t since_ns, const Times& times,
                                           StackTable& stacks) const;
    /// The newest note of `object`; null: none.
    const SignalCopy* newest(uint64_t object) const;
    /// Whoever is known to have signalled it, latest first.
    std::vector<snapshot::Signaller> signallers(uint64_t object, uint64_t since_ns) const;
    /// A later note of another object lies where one of this object would be.
    bool may_lack_one(uint64_t object, uint64_t since_ns) const;

private:
    struct Note {
        uint32_t thread = 0;
        bool exited = false;
        SignalCopy signal;
    };

    void note_entry(const SignalCopy& signal);
    void add(const Note& note);

    /// What lies at one place of all threads' tables.
    struct Entry {
        uint64_t object = 0;  ///< of the newest note
        uint64_t time_ns = 0;
        uint64_t others_ns = 0;  ///< the newest note of another object
    };
    std::unordered_map<uint64_t, std::vector<Note>> notes_;  ///< by object, latest first
    std::array<Entry, protocol::kSignalCount> entries_;
};

/// Threads by their pthread_t, for joins that began before the thread was known.
class Handles {
public:
    explicit Handles(const std::vector<ThreadCopy>& threads);
    /// The thread that has the handle now.
    std::optional<uint32_t> thread_of(uint64_t handle) const;

private:
    std::unordered_map<uint64_t, uint32_t> threads_;
};

/// A wait that can be told: of a known kind.
bool is_in_wait(const WaitCopy& wait);

/// An untimed wait inside the process: what makes its thread `blocked`.
bool is_blocking(const WaitCopy& wait);

/// The condition wait is over, and the thread is about to take its mutex again.
bool takes_mutex_again(const WaitCopy& wait, const Task* task);

/// Fills state, times, wait and stack of `thread` from its record.
void fill_recorded_wait(const ThreadCopy& copy, const Times& times, const LastSignals& signals, const Handles& handles,
                        StackTable& stacks, snapshot::Thread& thread);

/// The same for a wait whose wake-up has come: what is left is a mutex lock.
void fill_mutex_taken_again(const WaitCopy& wait, StackTable& stacks, snapshot::Thread& thread);

/// Fills them from what the kernel says. The stack is the innermost frame.
void fill_kernel_wait(const Task& task, StackTable& stacks, snapshot::Thread& thread);

}  // namespace reader
