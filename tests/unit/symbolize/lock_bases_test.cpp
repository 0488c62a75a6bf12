// SPDX-License-Identifier: Apache-2.0
#include "symbolize/lock_bases.h"

#include <gtest/gtest.h>

namespace {

constexpr uint64_t kWord = 0x1004;

/// Address of what a thread waits for that waits on kWord in `function`.
uint64_t base_in(const std::string& function) {
    snapshot::Snapshot snapshot;
    snapshot.stacks.resize(2);
    snapshot.stacks[1].frames.resize(1);
    snapshot.stacks[1].frames[0].function = function;
    snapshot::Thread& thread = snapshot.threads.emplace_back();
    thread.state = snapshot::State::kFutex;
    thread.stack = 1;
    thread.wait.emplace().object.address = kWord;
    symbolize::find_lock_bases(snapshot);
    return thread.wait->object.address;
}

TEST(LockBases, OfRustsRwLockLieBeforeTheWordOfWriters) {
    EXPECT_EQ(base_in("std::sys::sync::rwlock::futex::RwLock::write_contended"), kWord - 4);
    EXPECT_EQ(base_in("std::sync::poison::rwlock::RwLock<T>::write"), kWord - 4);
    EXPECT_EQ(base_in("std::sync::poison::rwlock::RwLock<fn() -> app::read::State>::write<fn() -> app::read::State>"),
              kWord - 4);
}

TEST(LockBases, AreTheWordItselfForReaders) {
    EXPECT_EQ(base_in("std::sys::sync::rwlock::futex::RwLock::read_contended"), kWord);
    EXPECT_EQ(base_in("std::sync::poison::rwlock::RwLock<app::write_back::State>::read<app::write_back::State>"),
              kWord);
    EXPECT_EQ(base_in("app::RwLock::write"), kWord);
}

}  // namespace
