// SPDX-License-Identifier: Apache-2.0
//
// Threads that their records still show in a wait, out of which a signal handler has jumped: POSIX allows that of read,
// pause, waitpid and their like. The kernel tells: they run, and do what no such wait does.
#pragma once

#include <cstdint>
#include <vector>

#include "read/kernel/processor_time.h"
#include "read/kernel/tasks.h"
#include "read/look_options.h"
#include "read/records/thread_records.h"

namespace reader {

class LeftWaits {
public:
    /// `records` outlives it.
    LeftWaits(uint32_t pid, const ThreadRecords& records, LookOptions options)
        : pid_(pid), records_(records), options_(options) {}

    /// Begins to watch the thread, where it may have left the wait of `copy`. `task` outlives this.
    void note(const ThreadCopy& copy, const Task& task);

    struct Left {
        ThreadCopy copy;  ///< as it is now
        const Task* task;
    };
    /// Takes a window, or more, where any were noted: those that ran through it, in the wait all the same. One that
    /// was about to come out of its wait has long come out of it. Once.
    std::vector<Left> find();

private:
    struct Noted {
        uint32_t slot;
        uint32_t number;
        WaitCopy wait;
        const Task* task;
        CpuCounts counts;
    };
    bool is_settled(const Noted& noted, std::vector<Left>& left) const;

    uint32_t pid_;
    const ThreadRecords& records_;
    LookOptions options_;
    std::vector<Noted> noted_;
};

}  // namespace reader
