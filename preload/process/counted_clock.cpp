// SPDX-License-Identifier: Apache-2.0
#include "preload/process/counted_clock.h"

#include "preload/own_swap.h"

namespace preload {

using protocol::ThreadRecord;

namespace detail {
constinit CounterRate counter_rate{};
}

namespace {

constexpr uint64_t kLongEnough = 1 << 23;  ///< counts; some ms: the rate is right to some millionths then
constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint64_t kWithin = 1 << 20;  ///< half a millisecond: too little for the kernel's corrections to show
constexpr uint64_t kSoon = 256;        ///< counts; some 100 ns

/// Whether counts become time at all: looked at once in a process.
constinit std::atomic<bool> is_decided{false};

/// Where the kernel itself trusts the counter, and takes it for the same on all CPUs, its clock needs no system call.
bool is_trusted_by_kernel(uint64_t ns_per_count) {
    constexpr uint64_t kLessThanACall = 90;  // ns
    for (int i = 0; i < 8; ++i) {
        const uint64_t before = __builtin_ia32_rdtsc();
        now_ns();
        const uint64_t taken = __builtin_ia32_rdtsc() - before;
        if (taken < kWithin && (taken * ns_per_count >> 32) < kLessThanACall) return true;
    }
    return false;
}

/// From two readings of one thread.
void decide(uint64_t ns, uint64_t counts) {
    if (counts == 0) return;  // it stands still
    const uint64_t ns_per_count = (ns << 32) / counts;
    constexpr uint64_t kOfTenGigahertz = (uint64_t{1} << 32) / 10;
    constexpr uint64_t kOfTenthOfOne = (uint64_t{1} << 32) * 10;
    // A rate that no CPU has: the machine slept in between.
    if (ns_per_count < kOfTenGigahertz || ns_per_count > kOfTenthOfOne) return;
    const bool is_trusted = is_trusted_by_kernel(ns_per_count);
    if (is_decided.exchange(true, std::memory_order_relaxed) || !is_trusted) return;
    detail::counter_rate.ns_per_count.store(ns_per_count, std::memory_order_relaxed);
    detail::counter_rate.within.store(kWithin, std::memory_order_release);
}

/// A handler that does the same in between leaves its own pair, or none.
void count_from(ThreadRecord* self, uint64_t now, uint64_t count) {
    self->clock_count.store(0, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    self->clock_ns.store(now, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (!swap_if(self->clock_count, uint64_t{0}, count)) self->clock_count.store(0, std::memory_order_relaxed);
}

}  // namespace

uint64_t detail::count_anew(ThreadRecord* self) {
    const bool is_open = !is_decided.load(std::memory_order_relaxed);
    if (!is_open && counter_rate.within.load(std::memory_order_relaxed) == 0) return now_ns();

    const uint64_t last_count = self->clock_count.load(std::memory_order_relaxed);
    const uint64_t before = __builtin_ia32_rdtsc();
    if (is_open && last_count != 0 && before - last_count < kLongEnough) return now_ns();
    const uint64_t now = now_ns();
    const uint64_t taken = __builtin_ia32_rdtsc() - before;
    if (taken > kSoon) return now;  // others ran in between
    const uint64_t count = before + taken / 2;
    if (!is_open) {
        count_from(self, now, count);
        return now;
    }
    const uint64_t since = now - self->clock_ns.load(std::memory_order_relaxed);
    if (last_count == 0 || since > kSecond) {
        count_from(self, now, count);
    } else {
        decide(since, count - last_count);
    }
    return now;
}

}  // namespace preload
