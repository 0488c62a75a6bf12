// SPDX-License-Identifier: Apache-2.0
//
// Which locks of different orders are of one class: elements of one array; or taken at one place of the program; or,
// looked at in another way, initialized at one. (The kernel's lockdep has classes by where a lock is initialized; a
// std::mutex is initialized by nobody.)
//
// The place of a lock that is held is in the function that went on to take the other one: whatever that called to
// lock it, a guard or a method for all locks of the program, says nothing of the lock.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "snapshot/snapshot.h"

namespace analyze {

/// Tells classes apart; equal ones are one class.
using LockClass = std::vector<uint64_t>;

/// What locks without a name are of one class by.
enum class ClassesBy { kPlace, kCreation };

class LockClasses {
public:
    /// Keeps a reference to the snapshot, whose frames have their names.
    explicit LockClasses(const snapshot::Snapshot& snapshot, ClassesBy by = ClassesBy::kPlace);

    /// Orders go by their number in Snapshot::lock_orders.
    size_t size() const { return ends_.size(); }
    const snapshot::LockOrder& order(size_t number) const { return snapshot_.lock_orders[number]; }

    /// What `taken` takes is of the class of what `held` holds. The very same lock is, too.
    bool is_one_class(size_t taken, size_t held) const;
    /// What `taken` takes was acquired by the same way through the program as what `held` holds: then all that was
    /// held there is, or was, held here.
    bool is_one_way(size_t taken, size_t held) const;
    bool is_one_lock(size_t taken, size_t held) const;

    const LockClass& held_class(size_t number) const { return ends_[number].held; }
    /// The narrowest class of what is taken; empty: nothing is known of it.
    const LockClass& taken_class(size_t number) const { return ends_[number].taken; }
    /// And the wider ones: classes that a held lock is of, of whose class it is.
    std::vector<LockClass> taken_classes(size_t number) const;

private:
    struct Ends {
        LockClass held;
        LockClass taken;
        LockClass held_way;  ///< as `taken`, of the held lock, were it without a name
        LockClass way;       ///< of the taken one
    };
    struct Seen {
        uint64_t look = 0;
        bool is_program = false;
    };
    using Look = std::tuple<std::string, std::string, std::string, uint64_t>;

    uint64_t look_of(const snapshot::Frame& frame);
    const std::vector<Seen>& seen(snapshot::StackIndex stack);
    LockClass place(snapshot::StackIndex stack, size_t frames);
    LockClass name_class(const snapshot::Object& lock);
    LockClass creation_class(snapshot::StackIndex made_at);
    LockClass held_class_of(const snapshot::LockOrder& order);
    size_t frames_to_scope(const snapshot::LockOrder& order);
    size_t frames_to_parting(const snapshot::LockOrder& order);

    const snapshot::Snapshot& snapshot_;
    const ClassesBy by_;
    std::map<Look, uint64_t> looks_;
    std::map<std::string, uint64_t> names_;
    std::map<snapshot::StackIndex, std::vector<Seen>> seen_;
    std::vector<Ends> ends_;
};

/// Elements of one array have one: "g_accounts[].ledger".
std::string class_name(const std::string& name);

}  // namespace analyze
