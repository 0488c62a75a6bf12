// SPDX-License-Identifier: Apache-2.0
//
// How much of a processor a thread takes, by two looks at the kernel's counts.
#pragma once

#include <cstdint>
#include <optional>

namespace reader {

/// A thread that is on a processor, or ready to be, for so much of the window between two looks burns
/// CPU: it is called spinning.
constexpr double kSpinningShare = 0.5;
/// The window. The kernel brings its counts up to date every few milliseconds.
constexpr uint64_t kCpuWindowNs = 60'000'000;
/// What one must have used up in the window. Where there are more threads than processors, one that was just
/// woken, or let go on after a stop, is ready for all of a window too, and then does a moment's work and sleeps.
constexpr uint64_t kSpinningUse = 5'000'000;
/// Windows that are waited for, one after the other, where some have had no processor.
constexpr int kMaxCpuWindows = 8;

struct CpuCounts {
    uint64_t at_ns = 0;     ///< CLOCK_MONOTONIC
    uint64_t used_ns = 0;   ///< on a processor
    uint64_t ready_ns = 0;  ///< ready to be, while others were
    uint64_t sleeps = 0;    ///< times it gave up its processor
    uint64_t start_ticks = 0;
    bool runs = false;        ///< is on one, or ready to be
    uint64_t program_ns = 0;  ///< used by the program's own code, as far as the kernel's ticks tell
};

void await_cpu_window();

/// Empty: the thread is gone.
std::optional<CpuCounts> count_cpu(uint32_t pid, uint32_t tid);

struct CpuShare {
    double used = 0;  ///< of one processor, 0 to 1
    bool spins = false;
    bool starves = false;     ///< it has had too little of a processor yet to tell: a longer window may
    uint64_t program_ns = 0;  ///< used outside of system calls
};

/// Empty: it is another thread's, or of no time.
std::optional<CpuShare> cpu_share(const CpuCounts& first, const CpuCounts& second);

}  // namespace reader
