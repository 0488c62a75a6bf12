// SPDX-License-Identifier: Apache-2.0
#include "snapshot/snapshot.h"

#include <algorithm>

namespace snapshot {

const Thread* find_thread(const Snapshot& snapshot, uint32_t id) {
    const auto found = std::lower_bound(snapshot.threads.begin(), snapshot.threads.end(), id,
                                        [](const Thread& thread, uint32_t wanted) { return thread.id < wanted; });
    return found != snapshot.threads.end() && found->id == id ? &*found : nullptr;
}

Gate gate_of(const Object& lock, Mode mode) {
    return {static_cast<uint32_t>((lock.address * 0x9e3779b97f4a7c15ULL) >> 32) | 1, mode};
}

std::string state_word(const Thread& thread) {
    return thread.meaning.empty() ? plain_state_word(thread) : thread.meaning;
}

std::string plain_state_word(const Thread& thread) {
    switch (thread.state) {
        case State::kUnknown: return "unknown";
        case State::kRunning: return "running";
        case State::kMutexLock: return "mutex lock";
        case State::kRwlockRead: return "rwlock read";
        case State::kRwlockWrite: return "rwlock write";
        case State::kSpinLock: return "spin lock";
        case State::kCustomLock: return "custom lock";
        case State::kConditionWait: return "cond wait";
        case State::kSemaphore: return "semaphore";
        case State::kBarrier: return "barrier";
        case State::kJoin: return "join";
        case State::kOnce: return "once";
        case State::kFutex: return "futex";
        case State::kSleep: return "sleep";
        case State::kSpinning: return "spinning";
        case State::kIo: return "io " + thread.io_function;
        case State::kFileLock: return "file lock";
        case State::kChildWait: return "child wait";
        case State::kSignalWait: return "signal wait";
        case State::kExited: return "exited";
    }
    return "unknown";
}

bool is_blocked(const Thread& thread) {
    if (thread.timed || thread.finished) return false;
    switch (thread.state) {
        case State::kMutexLock:
        case State::kRwlockRead:
        case State::kRwlockWrite:
        case State::kSpinLock:
        case State::kCustomLock:
        case State::kConditionWait:
        case State::kSemaphore:
        case State::kBarrier:
        case State::kJoin:
        case State::kOnce:
        case State::kFutex: return true;
        case State::kUnknown:
        case State::kRunning:
        case State::kSleep:
        case State::kSpinning:
        case State::kIo:
        case State::kFileLock:
        case State::kChildWait:
        case State::kSignalWait:
        case State::kExited: return false;
    }
    return false;
}

}  // namespace snapshot
