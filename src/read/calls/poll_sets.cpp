// SPDX-License-Identifier: Apache-2.0
#include "read/calls/poll_sets.h"

#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>

#include "read/kernel/target_memory.h"

namespace reader {

namespace {

constexpr size_t kMostPolled = 4096;
constexpr size_t kKept = 64;
constexpr size_t kWordBits = 64;

void add(PollSet& set, int descriptor) {
    ++set.total;
    if (set.descriptors.size() < kKept) set.descriptors.push_back(descriptor);
}

std::optional<PollSet> polled(uint32_t pid, uint64_t address, uint64_t count) {
    PollSet set;
    if (count == 0) return set;
    std::vector<pollfd> entries(std::min<uint64_t>(count, kMostPolled));
    const size_t bytes = entries.size() * sizeof(pollfd);
    if (read_memory(pid, address, entries.data(), bytes).bytes != bytes) return std::nullopt;
    for (const pollfd& entry : entries) {
        if (entry.fd >= 0) add(set, entry.fd);
    }
    return set;
}

/// Readable, writable, exceptional: one bit a descriptor in each.
std::optional<PollSet> selected(uint32_t pid, const SystemCall& call) {
    const auto count = static_cast<int>(call.arguments[0]);
    PollSet set;
    if (count <= 0) return set;
    const size_t words = (std::min(static_cast<size_t>(count), kMostPolled) + kWordBits - 1) / kWordBits;
    std::vector<uint64_t> wanted(words);
    for (const size_t argument : {1U, 2U, 3U}) {
        if (call.arguments[argument] == 0) continue;
        std::vector<uint64_t> bits(words);
        const size_t bytes = words * sizeof(uint64_t);
        if (read_memory(pid, call.arguments[argument], bits.data(), bytes).bytes != bytes) return std::nullopt;
        for (size_t i = 0; i < words; ++i) wanted[i] |= bits[i];
    }
    for (size_t i = 0; i < std::min(words * kWordBits, static_cast<size_t>(count)); ++i) {
        if ((wanted[i / kWordBits] >> i % kWordBits & 1) != 0) add(set, static_cast<int>(i));
    }
    return set;
}

}  // namespace

std::optional<PollSet> poll_set_of(uint32_t pid, const SystemCall& call) {
    switch (call.number) {
        case SYS_poll:
        case SYS_ppoll: return polled(pid, call.arguments[0], call.arguments[1]);
        case SYS_select:
        case SYS_pselect6: return selected(pid, call);
        default: return std::nullopt;
    }
}

}  // namespace reader
