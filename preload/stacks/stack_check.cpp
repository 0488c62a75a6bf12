// SPDX-License-Identifier: Apache-2.0
#include "preload/stacks/stack_check.h"

#ifdef LOITER_CHECK_STACKS

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <atomic>

#include "preload/process/recording.h"
#include "preload/raw_syscall.h"
#include "preload/text.h"
#include "preload/threads/this_thread.h"

namespace preload {

namespace {

constinit std::atomic<uint64_t> recalled{0};
constinit std::atomic<uint64_t> different{0};
constinit std::atomic<uint64_t> walked{0};
constinit std::atomic<uint64_t> compared{0};        // with libunwind
constinit std::atomic<uint64_t> unlike{0};          // of the compared: neither equal, nor marked and a part
constinit std::atomic<uint64_t> not_comparable{0};  // libunwind did not come to the caller

constinit char report_path[512] = "";

bool is_same(const protocol::StackHeader& header, const RawStack& stack) {
    return header.mark == protocol::kStackMark && header.depth == stack.depth && header.flags == stack.flags &&
           header.exact == stack.exact && memcmp(&header + 1, stack.pcs, stack.depth * sizeof(*stack.pcs)) == 0;
}

const protocol::StackHeader& header_of(uint32_t id) {
    return *static_cast<const protocol::StackHeader*>(region_address(protocol::kStacks, uint64_t{id} * 8));
}

constinit thread_local bool is_comparing = false;  // libunwind takes locks of its own

void compare(const protocol::StackHeader& header, const CallerFrame& caller) {
#ifdef LOITER_CHECK_WITH_LIBUNWIND
    const int error = errno;
    is_comparing = true;
    const Agreement agreement = agreement_with_libunwind(header, caller);
    is_comparing = false;
    errno = error;
    compared.fetch_add(1, std::memory_order_relaxed);
    if (agreement == Agreement::kUnlike) unlike.fetch_add(1, std::memory_order_relaxed);
    if (agreement == Agreement::kNotComparable) not_comparable.fetch_add(1, std::memory_order_relaxed);
#else
    static_cast<void>(header);
    static_cast<void>(caller);
#endif
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
    char line[256];
    Text text(line, sizeof(line));
    text.add("recalled ").add_number(recalled.load()).add(" different ").add_number(different.load());
    text.add(" walked ").add_number(walked.load());
    text.add(" compared ").add_number(compared.load()).add(" unlike ").add_number(unlike.load());
    text.add(" not-comparable ").add_number(not_comparable.load()).add("\n");
    const long descriptor =
        raw_syscall(SYS_openat, AT_FDCWD, as_argument(report_path), O_WRONLY | O_APPEND | O_CREAT, 0600);
    raw_syscall(SYS_write, descriptor, as_argument(line), static_cast<long>(strlen(line)));
    raw_syscall(SYS_close, descriptor);
}

}  // namespace

void check_recalled(uint32_t id, const CallerFrame& caller, StackLimits limits) {
    if (is_comparing) return;
    uintptr_t pcs[protocol::kMaxFrames];
    RawStack stack{pcs, 0, 0, 0};
    unwind(caller, limits, stack);
    recalled.fetch_add(1, std::memory_order_relaxed);
    const protocol::StackHeader& header = header_of(id);
    if (!is_same(header, stack)) different.fetch_add(1, std::memory_order_relaxed);
    compare(header, caller);
}

void check_walked(uint32_t id, const CallerFrame& caller) {
    if (id != 0 && !is_comparing) compare(header_of(id), caller);
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
