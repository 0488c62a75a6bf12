// SPDX-License-Identifier: Apache-2.0
//
// Two looks at the thread records, and one at the kernel between them, put together as the threads
// of a snapshot.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "read/calls/call_details.h"
#include "read/calls/waits.h"
#include "read/kernel/tasks.h"
#include "read/outside/left_waits.h"
#include "read/outside/library_waits.h"
#include "read/outside/outside_stacks.h"
#include "read/outside/running_threads.h"
#include "read/owners/stream_locks.h"
#include "read/records/stacks.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"
#include "snapshot/snapshot.h"

namespace reader {

/// A wait for a lock with an owner in its memory, in a function of libc that no wrapper saw the call of.
struct UnseenWait {
    LibraryWait wait;
    bool prefers_writers = false;  ///< the lock
};

/// What was seen of the threads of a process.
struct ThreadLooks {
    std::vector<ThreadCopy> first;
    TaskLook between;                                 ///< empty unless `is_live`
    StreamWaits streams;                              ///< from `between` to `second`
    std::map<uint32_t, UnseenWait> unseen;            ///< the same, of other locks; by tid
    std::map<uint32_t, OutsideStacks::Sight> sights;  ///< those that were taken already; by tid
    std::map<uint64_t, StreamLock> stream_locks;      ///< that were waited for, however shortly; by lock
    std::vector<ThreadCopy> second;
    Legacy legacy;         ///< of the second look
    bool is_live = false;  ///< the kernel was asked too
    bool is_at_rest = false;
    uint32_t pid = 0;
    bool translates = false;    ///< tids are other ones in the process' own namespace
    uint32_t ended_by = 0;      ///< thread number; 0: none, or not known
    uint32_t ended_by_tid = 0;  ///< as recorded
    uint32_t created_total = 0;
    uint64_t own_signals = 0;  ///< that the library handles, signal n at bit n - 1
    Times times;
};

class ThreadAssembly {
public:
    /// All outlive it. `records` is asked again about threads that are gone.
    ThreadAssembly(const ThreadLooks& looks, const ThreadRecords& records, StackTable& stacks, OutsideStacks& outside,
                   LookOptions options = {});

    /// By id, ascending. Once.
    std::vector<snapshot::Thread> assemble();

    /// Threads that had no record; they have got the numbers after the last one.
    uint32_t unrecorded() const { return unrecorded_; }
    /// The thread with this tid, as the process numbers it, preferring one that holds `lock`; 0: none.
    const snapshot::Thread* thread_with(uint32_t recorded_tid, uint64_t lock) const;

private:
    const Task* task_of(const ThreadCopy& copy) const;
    void pair_unstarted();
    void add(const ThreadCopy& copy);
    void add_ended(const ThreadCopy& copy, bool says_so);
    const Task* task_past_end(const ThreadCopy& copy) const;
    void add_past_end(const ThreadCopy& copy, const Task& task);
    void name_wait(const OutsideStacks::Sight& sight, snapshot::Thread& thread);
    void add_alive(const ThreadCopy& copy, const Task* task);
    void add_gone(const ThreadCopy& copy);
    bool is_leaving(const Task& task) const;
    void add_unrecorded();
    snapshot::Thread describe(const ThreadCopy& copy);
    snapshot::Thread describe_alive(const ThreadCopy& copy, const Task* task);
    std::optional<OutsideStacks::Sight> sight_of(const Task& task);
    void leave_wait(const LeftWaits::Left& left);
    void fill_outside_stack(const Task& task, snapshot::Thread& thread);
    void complete_stack(const Task& task, snapshot::Thread& thread);
    bool fill_stream_wait(const Task& task, snapshot::Thread& thread);
    bool fill_unseen_wait(const Task& task, snapshot::Thread& thread);
    void fill_stream(const StreamLock& lock, const Task& task, snapshot::Thread& thread);
    void add_handler(const Task& task, snapshot::Thread& thread);
    void fill_outside(const Task& task, snapshot::Thread& thread);
    void fill_end(const Task& task, snapshot::Thread& thread);
    void fill_wait(const ThreadCopy& copy, const Task* task, snapshot::Thread& thread);
    void fill_task(const Task& task, snapshot::Thread& thread) const;
    bool is_settled(const ThreadCopy& copy) const;
    bool is_asleep(const Task& task, bool is_in_wrapper) const;
    void keep(snapshot::Thread&& thread, uint32_t recorded_tid);

    const ThreadLooks& looks_;
    const ThreadRecords& records_;
    StackTable& stacks_;
    OutsideStacks& outside_;
    RunningThreads running_;
    LeftWaits left_waits_;
    LastSignals signals_;
    Handles handles_;
    CallDetails details_;
    std::unordered_map<uint32_t, const ThreadCopy*> first_by_slot_;
    std::unordered_map<uint32_t, const Task*> tasks_;      ///< by recorded tid
    std::unordered_map<uint32_t, uint32_t> tid_users_;     ///< recorded tid -> latest thread that runs with it
    std::unordered_map<uint32_t, const Task*> unstarted_;  ///< thread number -> task that has no tid in its record yet
    std::map<uint32_t, snapshot::Thread> threads_;
    std::multimap<uint32_t, uint32_t> by_tid_;    ///< recorded tid -> thread number
    std::map<uint32_t, uint32_t> outside_joins_;  ///< tid that is joined, by number of the joining thread
    std::set<uint32_t> past_end_;                 ///< tids of threads that live on after they have noted their end
    uint32_t unrecorded_ = 0;
};

}  // namespace reader
