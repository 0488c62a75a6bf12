// SPDX-License-Identifier: Apache-2.0
//
// Orders of locks made by hand, for tests of their classes.
#pragma once

#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {

using support::frame;
using support::Frames;
using support::mutex;
using support::std_header_frame;

inline snapshot::Frame guard() {
    return std_header_frame("std::lock_guard<std::mutex>::lock_guard(std::mutex&)", "std_mutex.h");
}

struct ClassOrderSnapshot : support::SnapshotBuilder {
    snapshot::LockOrder& add(uint32_t thread, const snapshot::Object& held, const Frames& held_at,
                             const snapshot::Object& lock, const Frames& at) {
        snapshot::LockOrder order;
        order.held = held;
        order.lock = lock;
        order.held_stack = stack(held_at);
        order.stack = stack(at);
        order.thread = thread;
        snapshot().lock_orders.push_back(std::move(order));
        return snapshot().lock_orders.back();
    }
    snapshot::LockOrder& last() { return snapshot().lock_orders.back(); }
    Lines judged() { return shown(analyze(build())); }
};

inline const snapshot::Frame kWithdraw = frame("Account::withdraw(int)", "account.cpp", 12);
inline const snapshot::Frame kWithdrawLogs = frame("Account::withdraw(int)", "account.cpp", 14);
inline const snapshot::Frame kAppend = frame("Log::append()", "log.cpp", 30);
inline const snapshot::Frame kAppendAudits = frame("Log::append()", "log.cpp", 33);
inline const snapshot::Frame kTeller = frame("teller()", "bank.cpp", 70);
inline const snapshot::Frame kAuditor = frame("auditor()", "bank.cpp", 80);

/// T2 has account 0x1000 and takes log 0x9000, T3 log 0x9100 and takes account 0x1100.
struct Bank : ClassOrderSnapshot {
    explicit Bank(uint64_t account = 0x1100, uint64_t log = 0x9100) {
        add(2, mutex(0x1000), {guard(), kWithdraw, kTeller}, mutex(0x9000), {guard(), kAppend, kWithdrawLogs, kTeller});
        add(3, mutex(log), {guard(), kAppend, kAuditor}, mutex(account), {guard(), kWithdraw, kAppendAudits, kAuditor});
    }
};

}  // namespace analyze
