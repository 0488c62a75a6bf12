// SPDX-License-Identifier: Apache-2.0
#include "read/calls/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include "protocol/layout.h"

#ifndef FUTEX_LOCK_PI2
#define FUTEX_LOCK_PI2 13
#endif

namespace reader {

namespace {

constexpr auto kCommandMask = static_cast<uint32_t>(FUTEX_CMD_MASK);

const char* name_of(uint32_t command) {
    switch (command) {
        case FUTEX_WAIT: return "FUTEX_WAIT";
        case FUTEX_WAIT_BITSET: return "FUTEX_WAIT_BITSET";
        case FUTEX_LOCK_PI: return "FUTEX_LOCK_PI";
        case FUTEX_LOCK_PI2: return "FUTEX_LOCK_PI2";
        case FUTEX_WAIT_REQUEUE_PI: return "FUTEX_WAIT_REQUEUE_PI";
        default: return nullptr;
    }
}

bool is_lock(uint32_t command) {
    return command == FUTEX_LOCK_PI || command == FUTEX_LOCK_PI2;
}

}  // namespace

FutexCall recorded_futex_call(uint64_t detail) {
    return {static_cast<uint32_t>(detail >> 32) & 0xffff, static_cast<uint32_t>(detail),
            static_cast<uint32_t>(detail >> 48)};
}

FutexCall kernel_futex_call(const SystemCall& call) {
    return {static_cast<uint32_t>(call.arguments[1]), static_cast<uint32_t>(call.arguments[2]), 1};
}

bool is_owned_lock(const FutexCall& call) {
    return call.operation != protocol::kFutexWaitv && is_lock(call.operation & kCommandMask);
}

bool is_futex_wait(const SystemCall& call) {
    return call.number == SYS_futex && name_of(static_cast<uint32_t>(call.arguments[1]) & kCommandMask) != nullptr;
}

std::string describe(const FutexCall& call) {
    const std::string expects = "expects " + std::to_string(call.expected) + ", ";
    if (call.operation == protocol::kFutexWaitv) {
        const std::string place = call.count > 1 ? "the first of " + std::to_string(call.count) + ", " : "";
        return expects + place + "in futex_waitv";
    }
    const uint32_t command = call.operation & kCommandMask;
    const char* const name = name_of(command);
    if (name == nullptr) return {};  // no wait: the recording is damaged
    return (is_lock(command) ? "" : expects) + "in " + name;
}

}  // namespace reader
