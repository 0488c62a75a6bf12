// SPDX-License-Identifier: Apache-2.0
//
// The words of the recording for locks, as those of the snapshot.
#pragma once

#include "protocol/layout.h"
#include "snapshot/snapshot.h"

namespace reader {

inline snapshot::LockKind lock_kind_of(protocol::LockKind kind) {
    using snapshot::LockKind;
    switch (kind) {
        case protocol::LockKind::kNone: return LockKind::kUnknown;
        case protocol::LockKind::kMutex: return LockKind::kMutex;
        case protocol::LockKind::kRwlock: return LockKind::kRwlock;
        case protocol::LockKind::kSpin: return LockKind::kSpin;
        case protocol::LockKind::kOnce: return LockKind::kOnce;
        case protocol::LockKind::kCustom: return LockKind::kCustom;
    }
    return LockKind::kUnknown;
}

/// Whatever a recording may hold: kUnknown for what is none.
inline snapshot::FileLockKind file_lock_kind_of(protocol::FileLockKind kind) {
    using snapshot::FileLockKind;
    switch (kind) {
        case protocol::FileLockKind::kFlock: return FileLockKind::kFlock;
        case protocol::FileLockKind::kProcess: return FileLockKind::kProcess;
        case protocol::FileLockKind::kOpenFile: return FileLockKind::kOpenFile;
    }
    return FileLockKind::kUnknown;
}

inline snapshot::Mode mode_of(protocol::Mode mode) {
    return mode == protocol::Mode::kShared ? snapshot::Mode::kShared : snapshot::Mode::kExclusive;
}

}  // namespace reader
