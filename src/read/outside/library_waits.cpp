// SPDX-License-Identifier: Apache-2.0
#include "read/outside/library_waits.h"

#include <linux/futex.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace reader {

using snapshot::LockKind;
using snapshot::State;

namespace {

struct Function {
    std::string_view name;
    State state;
    std::string_view io_function = {};  ///< kIo
};

constexpr Function kFunctions[] = {
    {"pthread_mutex_lock", State::kMutexLock},
    {"__pthread_mutex_lock", State::kMutexLock},
    {"pthread_mutex_timedlock", State::kMutexLock},
    {"pthread_mutex_clocklock", State::kMutexLock},
    {"mtx_lock", State::kMutexLock},
    {"mtx_timedlock", State::kMutexLock},
    {"pthread_rwlock_rdlock", State::kRwlockRead},
    {"__pthread_rwlock_rdlock", State::kRwlockRead},
    {"pthread_rwlock_timedrdlock", State::kRwlockRead},
    {"pthread_rwlock_clockrdlock", State::kRwlockRead},
    {"pthread_rwlock_wrlock", State::kRwlockWrite},
    {"__pthread_rwlock_wrlock", State::kRwlockWrite},
    {"pthread_rwlock_timedwrlock", State::kRwlockWrite},
    {"pthread_rwlock_clockwrlock", State::kRwlockWrite},
    {"pthread_cond_wait", State::kConditionWait},
    {"pthread_cond_timedwait", State::kConditionWait},
    {"pthread_cond_clockwait", State::kConditionWait},
    {"cnd_wait", State::kConditionWait},
    {"cnd_timedwait", State::kConditionWait},
    {"sem_wait", State::kSemaphore},
    {"sem_timedwait", State::kSemaphore},
    {"sem_clockwait", State::kSemaphore},
    {"pthread_barrier_wait", State::kBarrier},
    {"pthread_join", State::kJoin},
    {"pthread_timedjoin_np", State::kJoin},
    {"pthread_clockjoin_np", State::kJoin},
    {"thrd_join", State::kJoin},
    {"pthread_once", State::kOnce},
    {"__pthread_once", State::kOnce},
    {"call_once", State::kOnce},
    {"aio_suspend", State::kIo, "aio_suspend"},
    {"aio_suspend64", State::kIo, "aio_suspend"},
    {"lio_listio", State::kIo, "lio_listio"},
    {"lio_listio64", State::kIo, "lio_listio"},
    {"gai_suspend", State::kIo, "gai_suspend"},
    {"getaddrinfo_a", State::kIo, "getaddrinfo_a"},
};

const Function* function_named(std::string_view name) {
    const auto* const found = std::find_if(std::begin(kFunctions), std::end(kFunctions),
                                           [&](const Function& known) { return known.name == name; });
    return found == std::end(kFunctions) ? nullptr : found;
}

// pthread_rwlock_t: a waiting reader waits on `__readers` itself only where writers go first, and then
// for a value with this bit; else both wait on `__wrphase_futex` or `__writers_futex`.
constexpr uint32_t kReadersWait = 4;
constexpr uint64_t kWritePhase = 8;
constexpr uint64_t kWriters = 12;
constexpr uint64_t kConditionSignals = 40;  // pthread_cond_t: `__g_signals`, of two groups
constexpr uint64_t kBarrierRound = 4;       // pthread_barrier_t: `current_round`
constexpr uint64_t kBarrierOut = 16;        // and `out`

uint32_t futex_command(const SystemCall& call) {
    return static_cast<uint32_t>(call.arguments[1]) & static_cast<uint32_t>(FUTEX_CMD_MASK);
}

uint32_t expected_by(const SystemCall& call) {
    return static_cast<uint32_t>(call.arguments[2]);
}

/// All of these structures are aligned to eight bytes: of two places four bytes apart one fits.
bool is_second_half(uint64_t futex) {
    return futex % 8 == 4;
}

LibraryWait mutex_at(uint64_t futex) {
    return {State::kMutexLock, LockKind::kMutex, futex, 0};
}

uint64_t rwlock_of(const SystemCall& call, State state) {
    const uint64_t futex = call.arguments[0];
    if (is_second_half(futex)) return futex - kWriters;
    const bool is_on_readers = state == State::kRwlockRead && (expected_by(call) & kReadersWait) != 0;
    return is_on_readers ? futex : futex - kWritePhase;
}

/// Woken, it waits for its mutex as pthread_mutex_lock does; on the condition itself libc waits by
/// another command of the kernel.
bool takes_mutex_again(const SystemCall& call) {
    return futex_command(call) != FUTEX_WAIT_BITSET;
}

LibraryWait condition_wait(const SystemCall& call) {
    const uint64_t futex = call.arguments[0];
    if (takes_mutex_again(call)) return mutex_at(futex);
    const uint64_t within = kConditionSignals + (is_second_half(futex) ? sizeof(uint32_t) : 0);
    return {State::kConditionWait, LockKind::kCondition, futex - within, 0};
}

}  // namespace

std::span<const std::string_view> waiting_functions() {
    static constexpr auto kNames = [] {
        std::array<std::string_view, std::size(kFunctions)> names;
        std::transform(std::begin(kFunctions), std::end(kFunctions), names.begin(),
                       [](const Function& function) { return function.name; });
        return names;
    }();
    return kNames;
}

bool wait_alike(std::string_view one, std::string_view other) {
    const Function* const first = function_named(one);
    const Function* const second = function_named(other);
    return first != nullptr && second != nullptr && first->state == second->state &&
           first->io_function == second->io_function;
}

LibraryWait library_wait(const SystemCall& call, std::string_view function) {
    const Function* const found = function_named(function);
    if (found == nullptr) return {};
    const uint64_t futex = call.arguments[0];
    switch (found->state) {
        case State::kMutexLock: return mutex_at(futex);
        case State::kRwlockRead:
        case State::kRwlockWrite: return {found->state, LockKind::kRwlock, rwlock_of(call, found->state), 0};
        case State::kConditionWait: return condition_wait(call);
        case State::kSemaphore: return {State::kSemaphore, LockKind::kSemaphore, futex, 0};
        case State::kBarrier:
            return {State::kBarrier, LockKind::kBarrier, futex - (is_second_half(futex) ? kBarrierRound : kBarrierOut),
                    0};
        // The kernel clears the word, and wakes, when the thread with this number is gone.
        case State::kJoin: return {State::kJoin, LockKind::kThread, 0, expected_by(call)};
        case State::kOnce: return {State::kOnce, LockKind::kOnce, futex, 0};
        case State::kIo: return {State::kIo, LockKind::kUnknown, 0, 0, found->io_function};
        default: return {};
    }
}

}  // namespace reader
