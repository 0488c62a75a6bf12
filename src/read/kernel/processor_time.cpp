// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/processor_time.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <thread>

#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr size_t kScheduleBytes = 128;

/// "USED READY SLICES", the first two in nanoseconds; a kernel may be without them.
bool take_schedule(const std::string& text, CpuCounts& counts) {
    const char* const end = text.data() + text.size();
    const auto used = std::from_chars(text.data(), end, counts.used_ns);
    if (used.ec != std::errc{} || used.ptr == end) return false;
    return std::from_chars(used.ptr + 1, end, counts.ready_ns).ec == std::errc{};
}

uint64_t increase(uint64_t from, uint64_t to) {
    return to > from ? to - from : 0;
}

}  // namespace

void await_cpu_window() {
    const uint64_t until_ns = monotonic_now() + kCpuWindowNs;
    for (uint64_t now = monotonic_now(); now < until_ns; now = monotonic_now()) {
        std::this_thread::sleep_for(std::chrono::nanoseconds(until_ns - now));
    }
}

std::optional<CpuCounts> count_cpu(uint32_t pid, uint32_t tid) {
    CpuCounts counts;
    counts.at_ns = monotonic_now();
    const std::optional<TaskStat> stat = stat_of_task(pid, tid);
    if (!stat || stat->state == 'Z' || stat->state == 'X') return std::nullopt;
    counts.start_ticks = stat->start_ticks;
    counts.runs = stat->state == 'R';
    const uint64_t tick_ns = 1'000'000'000 / ticks_per_second();
    counts.program_ns = stat->user_ticks * tick_ns;
    if (!take_schedule(read_small_file(task_path(pid, tid, "schedstat"), kScheduleBytes), counts)) {
        counts.used_ns = stat->cpu_ticks * tick_ns;
    }
    if (const std::optional<TaskStatus> status = status_of_task(pid, tid)) counts.sleeps = status->sleeps;
    return counts;
}

std::optional<CpuShare> cpu_share(const CpuCounts& first, const CpuCounts& second) {
    const uint64_t window = increase(first.at_ns, second.at_ns);
    if (window == 0 || first.start_ticks != second.start_ticks) return std::nullopt;
    const auto share = [&](uint64_t span) {
        return std::min(1.0, static_cast<double>(span) / static_cast<double>(window));
    };
    const uint64_t used = increase(first.used_ns, second.used_ns);
    const uint64_t ready = increase(first.ready_ns, second.ready_ns);
    // The time for which it has been ready since it last ran is in no count yet.
    const bool never_slept = first.runs && second.runs && first.sleeps == second.sleeps;
    const bool wants_all = never_slept || share(used + ready) >= kSpinningShare;
    return CpuShare{share(used), wants_all && used >= kSpinningUse, never_slept && used < kSpinningUse,
                    increase(first.program_ns, second.program_ns)};
}

}  // namespace reader
