// SPDX-License-Identifier: Apache-2.0
//
// What the calls of a process' threads are about: the descriptor and what it is, the lock on a file and
// who holds it, the child, the signals, and how long it can last. For a live process; what its
// recording alone tells is in `fill_recorded_detail`.
#pragma once

#include <cstdint>
#include <string>

#include "read/calls/children.h"
#include "read/calls/descriptors.h"
#include "read/calls/lock_owners.h"
#include "read/calls/open_files.h"
#include "read/calls/sockets.h"
#include "read/kernel/tasks.h"
#include "read/records/thread_records.h"
#include "snapshot/snapshot.h"

namespace reader {

/// Descriptor, child or signals as a wrapper noted them.
void fill_recorded_detail(const WaitCopy& wait, snapshot::Thread& thread);

class CallDetails {
public:
    /// Reads nothing before the first thread that needs it; `translates`: the process has other numbers
    /// in its own pid namespace; `own_signals`: those that the library handles.
    CallDetails(uint32_t pid, bool translates, uint64_t own_signals);
    CallDetails(const CallDetails&) = delete;
    CallDetails& operator=(const CallDetails&) = delete;

    /// Adds to a thread whose state is known. `recorded`: the wait of the wrapper it is in; null: none.
    void fill(const Task& task, const WaitCopy* recorded, snapshot::Thread& thread);
    /// To one that waits for a stream: what that reads or writes; -1: no descriptor.
    void fill_stream(const Task& task, int descriptor, snapshot::Thread& thread);

private:
    void from_call(const Task& task, snapshot::Thread& thread);
    void from_record(const Task& task, const WaitCopy& wait, snapshot::Thread& thread);
    std::string io(uint32_t tid, const SystemCall& call);
    void add_last_taker(const SystemCall& call, snapshot::Thread& thread) const;
    std::string connection(uint32_t tid, const SystemCall& call);
    std::string child(uint32_t tid, const SystemCall& call);
    void file_lock(uint32_t tid, int descriptor, const FileLock& wanted, snapshot::Thread& thread);
    void fill_bound(const SystemCall& call, snapshot::Thread& thread) const;

    uint32_t pid_;
    uint64_t own_signals_;
    Sockets sockets_;
    OpenFiles open_files_;
    Descriptors descriptors_;
    LockOwners lock_owners_;
    Children children_;
};

}  // namespace reader
