// SPDX-License-Identifier: Apache-2.0
#include "read/outside/left_waits.h"

#include <optional>
#include <utility>

namespace reader {

using protocol::WaitKind;

namespace {

/// What functions that handlers may jump out of wait for. Whoever jumps out of a lock's breaks it.
bool may_be_left(WaitKind kind) {
    switch (kind) {
        case WaitKind::kSleep:
        case WaitKind::kIo:
        case WaitKind::kFileLock:
        case WaitKind::kChild:
        case WaitKind::kSignal: return true;
        case WaitKind::kNone:
        case WaitKind::kMutex:
        case WaitKind::kRwlockRead:
        case WaitKind::kRwlockWrite:
        case WaitKind::kSpin:
        case WaitKind::kCondition:
        case WaitKind::kSemaphore:
        case WaitKind::kBarrier:
        case WaitKind::kJoin:
        case WaitKind::kOnce:
        case WaitKind::kFutex:
        case WaitKind::kCustomLock: return false;
    }
    return false;
}

/// Ticks of 10 ms: one more or less may be the kernel's way of sharing them out.
constexpr uint64_t kProgramsUse = 20'000'000;

/// The kernel may be at work in a read or a write for long, but the program's own code is not.
bool is_out_of(const WaitCopy& wait, const CpuCounts& first, const CpuCounts& second) {
    const std::optional<CpuShare> share = cpu_share(first, second);
    if (!share || !share->spins) return false;
    return wait.kind != WaitKind::kIo || share->program_ns >= kProgramsUse;
}

}  // namespace

void LeftWaits::note(const ThreadCopy& copy, const Task& task) {
    const bool runs = task.call ? task.call->running : task.stat.state == 'R';
    if (!options_.watch_running || !runs || !may_be_left(copy.wait.kind)) return;
    const std::optional<CpuCounts> counts = count_cpu(pid_, task.tid);
    if (counts && counts->runs) noted_.push_back({copy.slot, copy.number, copy.wait, &task, *counts});
}

/// False: it runs, and another window may tell more.
bool LeftWaits::is_settled(const Noted& noted, std::vector<Left>& left) const {
    std::optional<ThreadCopy> now = records_.copy(noted.slot);
    const std::optional<CpuCounts> counts = count_cpu(pid_, noted.task->tid);
    const bool is_in_it = now && now->number == noted.number && now->wait == noted.wait;
    if (!is_in_it || !counts || !counts->runs) return true;
    if (!is_out_of(noted.wait, noted.counts, *counts)) return false;
    left.push_back({std::move(*now), noted.task});
    return true;
}

std::vector<LeftWaits::Left> LeftWaits::find() {
    std::vector<Left> left;
    for (int windows = 0; !noted_.empty() && windows < kMaxCpuWindows; ++windows) {
        await_cpu_window();
        std::erase_if(noted_, [&](const Noted& noted) { return is_settled(noted, left); });
    }
    return left;
}

}  // namespace reader
