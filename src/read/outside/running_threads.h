// SPDX-License-Identifier: Apache-2.0
//
// What can be known of threads that run: how much of a processor they take, and where they are, or
// were last.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "read/kernel/processor_time.h"
#include "read/look_options.h"
#include "read/outside/outside_stacks.h"
#include "read/records/stacks.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"
#include "snapshot/snapshot.h"

namespace reader {

/// The newest place that the thread noted of itself, of a wait, a hold or a wake-up; else its start
/// routine.
void fill_last_place(const ThreadCopy& copy, const Times& times, StackTable& stacks, snapshot::Thread& thread);

class RunningThreads {
public:
    /// All outlive it.
    RunningThreads(uint32_t pid, OutsideStacks& outside, StackTable& stacks, LookOptions options)
        : pid_(pid), outside_(outside), stacks_(stacks), options_(options) {}

    /// Here its window begins.
    void note(uint32_t number, uint32_t tid);
    /// Waits for the windows' end, unless nothing was noted; then fills share, state and stack.
    void fill(std::map<uint32_t, snapshot::Thread>& threads);

private:
    struct Noted {
        uint32_t number;
        uint32_t tid;
        std::optional<CpuCounts> counts;
    };
    void await_windows() const;
    void fill_share(const Noted& noted, snapshot::Thread& thread) const;
    void fill_stack(const Noted& noted, snapshot::Thread& thread);

    uint32_t pid_;
    OutsideStacks& outside_;
    StackTable& stacks_;
    LookOptions options_;
    std::vector<Noted> noted_;
};

}  // namespace reader
