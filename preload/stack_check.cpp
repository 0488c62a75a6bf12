// SPDX-License-Identifier: Apache-2.0
#include "preload/stack_check.h"

#ifdef LOITER_CHECK_STACKS

#include <fcntl.h>
#include <string.h>

#include <atomic>

#include "preload/raw_syscall.h"
#include "preload/recording.h"
#include "preload/text.h"
#include "preload/this_thread.h"

namespace preload {

namespace {

constinit std::atomic<uint64_t> recalled{0};
constinit std::atomic<uint64_t> different{0};
constinit std::atomic<uint64_t> walked{0};

constinit char report_path[512] = "";

bool is_same(const protocol::StackHeader& header, const RawStack& stack) {
    return header.mark == protocol::kStackMark && header.depth == stack.depth && header.flags == stack.flags &&
           header.exact == stack.exact && memcmp(&header + 1, stack.pcs, stack.depth * sizeof(*stack.pcs)) == 0;
}

__attribute__((constructor)) void find_report_path(int, char**, char** variables) {
    constexpr char kName[] = "LOITER_CHECK_FILE=";
    for (; variables != nullptr && *variables != nullptr; ++variables) {
        if (strncmp(*variables, kName, sizeof(kName) - 1) != 0) continue;
        const char* const value = *variables + sizeof(kName) - 1;
        if (strlen(value) < sizeof(report_path)) memcpy(report_path, value, strlen(value) + 1);
    }
}

__attribute__((destructor)) void write_counts() {
    if (report_path[0] == '\0') return;
    char line[160];
    Text text(line, sizeof(line));
    text.add("recalled ").add_number(recalled.load()).add(" different ").add_number(different.load());
    text.add(" walked ").add_number(walked.load()).add("\n");
    const long descriptor =
        raw_syscall(SYS_openat, AT_FDCWD, as_argument(report_path), O_WRONLY | O_APPEND | O_CREAT, 0600);
    raw_syscall(SYS_write, descriptor, as_argument(line), static_cast<long>(strlen(line)));
    raw_syscall(SYS_close, descriptor);
}

}  // namespace

void check_recalled(uint32_t id, const CallerFrame& caller, StackLimits limits) {
    uintptr_t pcs[protocol::kMaxFrames];
    RawStack stack{pcs, 0, 0, 0};
    unwind(caller, limits, stack);
    recalled.fetch_add(1, std::memory_order_relaxed);
    const auto& header =
        *static_cast<const protocol::StackHeader*>(region_address(protocol::kStacks, uint64_t{id} * 8));
    if (!is_same(header, stack)) different.fetch_add(1, std::memory_order_relaxed);
}

void check_recalled(uint32_t id, const CallerFrame& caller, const protocol::ThreadRecord* self) {
    check_recalled(id, caller, stack_limits(self));
}

StackCounts stack_counts() {
    return {recalled.load(std::memory_order_relaxed), different.load(std::memory_order_relaxed),
            walked.load(std::memory_order_relaxed)};
}

void count_walk() {
    walked.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace preload

#endif
