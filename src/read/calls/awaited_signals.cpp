// SPDX-License-Identifier: Apache-2.0
#include "read/calls/awaited_signals.h"

#include <signal.h>
#include <sys/syscall.h>

#include <bit>

#include "read/calls/words.h"
#include "read/kernel/signal_sets.h"
#include "read/kernel/target_memory.h"

namespace reader {

namespace {

constexpr uint64_t kNeverHeld = bit_of(SIGKILL) | bit_of(SIGSTOP);
constexpr int kManySignals = 31;

bool read_set(uint32_t pid, uint64_t address, uint64_t& signals) {
    return read_memory(pid, address, &signals, sizeof(signals)).bytes == sizeof(signals);
}

/// What is not blocked ends the wait, by a handler or with the process.
std::string unblocked_words(uint64_t blocked, const Task& task, uint64_t own_signals) {
    std::string words = set_words(~blocked);
    const uint64_t caught = task.status ? task.status->caught & ~blocked & ~kSignalsOfLibc & ~own_signals : 0;
    if (caught != 0 && std::popcount(caught) <= kManySignals) words += " (handlers: " + signal_words(caught) + ")";
    return words;
}

}  // namespace

std::string set_words(uint64_t signals) {
    signals &= ~kSignalsOfLibc;
    if (std::popcount(signals) <= kManySignals) return signal_words(signals);
    const uint64_t others = ~signals & ~kSignalsOfLibc & ~kNeverHeld;
    return "any signal" + (others == 0 ? "" : " but " + signal_words(others));
}

std::string awaited_signals(uint32_t pid, const Task& task, uint64_t own_signals) {
    const SystemCall& call = *task.call;
    uint64_t signals = 0;
    switch (call.number) {
        case SYS_rt_sigtimedwait: return read_set(pid, call.arguments[0], signals) ? set_words(signals) : "";
        case SYS_rt_sigsuspend:
            return read_set(pid, call.arguments[0], signals) ? unblocked_words(signals, task, own_signals) : "";
        case SYS_pause: return task.status ? unblocked_words(task.status->blocked, task, own_signals) : "";
        default: return "";
    }
}

}  // namespace reader
