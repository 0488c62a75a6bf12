// SPDX-License-Identifier: Apache-2.0
//
// Threads of a process that has no recording, put together from what the kernel, their stacks and the
// memory of the locks that they wait for tell. Of a live process, or of one at rest.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "read/calls/call_details.h"
#include "read/kernel/tasks.h"
#include "read/outside/library_waits.h"
#include "read/outside/running_threads.h"
#include "read/owners/lock_words.h"
#include "read/owners/stream_locks.h"
#include "read/records/stacks.h"
#include "snapshot/snapshot.h"

namespace reader {

/// One thread, with what of it was seen at one moment.
struct Sight {
    Task task;
    snapshot::Stack stack;
    LibraryWait wait;
    std::optional<StreamLock> stream;  ///< which `wait` is for
    bool settled = false;              ///< it never left that wait while the locks were read
    bool asleep = false;               ///< see snapshot::Thread
    std::optional<double> age_seconds;
    std::optional<double> cpu_seconds;
};

/// The locks that the threads wait for: to be read while they wait.
LocksToAsk locks_of(const std::vector<Sight>& sights);
/// The futexes that are none.
std::set<uint64_t> futexes_of(const std::vector<Sight>& sights);

/// What libc's low-level lock is waited for here, where that is a stream's.
void find_stream(StreamLocks& streams, Sight& sight);
void add_stream_owners(StreamLocks& streams, const std::vector<Sight>& sights, LockWords& words);

class UnobservedThreads {
public:
    /// Who can be asked more, of a process that lives.
    struct Live {
        CallDetails& details;
        RunningThreads& running;
    };
    /// `main_tid`: of the main thread, as the process numbers it. `live`: null for a process that is gone.
    UnobservedThreads(uint32_t main_tid, StackTable& stacks, const Live* live);

    /// Numbers the threads: main, then in the order of `sights`, then owners of locks that are in none of them.
    /// `is_gone` says of the owner of a lock, by the lock's address and the thread's number in the process,
    /// that there is none. Such an owner is presumed: the number may be another process' or namespace's.
    void add(std::vector<Sight>&& sights, const LockWords& words, bool main_has_ended,
             const std::function<bool(uint64_t, uint32_t)>& is_gone);

    std::vector<snapshot::Thread> threads() const;
    const std::map<uint64_t, snapshot::LockMemory>& lock_memory() const { return lock_memory_; }

private:
    static constexpr uint32_t kMain = 1;

    void add(Sight&& sight, const LockWords& words);
    snapshot::Thread& add_ended(uint32_t id, uint32_t tid);
    void add_ended_owners(const LockWords& words);
    void fill_joins();
    void fill_owners(const LockWords& words);

    uint32_t main_tid_;
    StackTable& stacks_;
    const Live* live_;
    uint32_t last_ = kMain;
    std::map<uint32_t, snapshot::Thread> threads_;  ///< by id
    std::map<uint32_t, uint32_t> by_tid_;           ///< id by tid, as the process numbers it
    std::map<uint32_t, uint32_t> joins_;            ///< tid that is joined, by id of the joining thread
    std::map<uint64_t, snapshot::Object> locks_;    ///< by address
    std::map<uint64_t, uint32_t> ended_owners_;     ///< id by lock, of threads without a number
    std::map<uint64_t, snapshot::LockMemory> lock_memory_;
};

}  // namespace reader
