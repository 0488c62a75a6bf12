// SPDX-License-Identifier: Apache-2.0
#include "read/outside/running_threads.h"

#include <algorithm>
#include <utility>

#include "read/kernel/proc.h"

namespace reader {

using snapshot::State;

namespace {

struct LastPlace {
    uint32_t stack = 0;
    uint64_t at_ns = 0;

    void take_newer(uint32_t other, uint64_t other_ns) {
        if (other != 0 && other_ns >= at_ns) *this = {other, other_ns};
    }
    /// Its time is of a clock that lags by some milliseconds; it is the thread's own in any case.
    void take_newer(const HoldCopy& hold) {
        if (hold.stack != 0 && (stack == 0 || hold.since_ns >= at_ns)) *this = {hold.stack, hold.since_ns};
    }
};

}  // namespace

void fill_last_place(const ThreadCopy& copy, const Times& times, StackTable& stacks, snapshot::Thread& thread) {
    LastPlace last{0, copy.created_ns};  // the slot may have notes of an earlier thread
    last.take_newer(copy.wait.stack, copy.wait.since_ns);
    for (const SignalCopy& signal : copy.signals) last.take_newer(signal.stack, signal.time_ns);
    for (const HoldCopy& hold : copy.holds) last.take_newer(hold);
    thread.stack = stacks.index_of(last.stack);
    if (thread.stack == 0) {
        thread.stack = thread.entry;
        last.at_ns = copy.created_ns;
    }
    if (thread.stack == 0) return;
    thread.stack_is_last_known = true;
    thread.stack_ago_seconds = times.since(last.at_ns);
}

void RunningThreads::note(uint32_t number, uint32_t tid) {
    noted_.push_back({number, tid, count_cpu(pid_, tid)});
}

void RunningThreads::fill(std::map<uint32_t, snapshot::Thread>& threads) {
    if (noted_.empty()) return;
    if (options_.watch_running) await_windows();
    for (const Noted& noted : noted_) {
        const auto thread = threads.find(noted.number);
        if (thread == threads.end()) continue;
        if (options_.watch_running) fill_share(noted, thread->second);
        if (options_.stop_running) fill_stack(noted, thread->second);
    }
}

/// That of the one noted last; more where the processors are taken.
void RunningThreads::await_windows() const {
    const auto starves = [this](const Noted& noted) {
        const std::optional<CpuCounts> now = noted.counts ? count_cpu(pid_, noted.tid) : std::nullopt;
        const std::optional<CpuShare> share = now ? cpu_share(*noted.counts, *now) : std::nullopt;
        return share && share->starves;
    };
    for (int windows = 0; windows < kMaxCpuWindows; ++windows) {
        await_cpu_window();
        if (std::none_of(noted_.begin(), noted_.end(), starves)) return;
    }
}

void RunningThreads::fill_share(const Noted& noted, snapshot::Thread& thread) const {
    const std::optional<CpuCounts> now = count_cpu(pid_, noted.tid);
    const std::optional<CpuShare> share = noted.counts && now ? cpu_share(*noted.counts, *now) : std::nullopt;
    if (!share) return;
    thread.cpu_share = share->used;
    if (share->spins) thread.state = State::kSpinning;
}

void RunningThreads::fill_stack(const Noted& noted, snapshot::Thread& thread) {
    const bool is_exact = thread.stack != 0 && !thread.stack_is_last_known;
    if (is_exact) return;
    std::optional<snapshot::Stack> stack = outside_.stop_and_look(noted.tid);
    thread.evaded_stop = !stack;
    if (!stack) return;
    thread.stack = stacks_.index_of_unwound(std::move(*stack));
    thread.stack_is_last_known = false;
    thread.stack_ago_seconds.reset();
}

}  // namespace reader
