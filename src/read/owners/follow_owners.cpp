// SPDX-License-Identifier: Apache-2.0
#include "read/owners/follow_owners.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "read/calls/words.h"
#include "read/kernel/proc.h"
#include "read/read.h"
#include "read/records/shared_places.h"

namespace reader {

using snapshot::ProcessOwner;
using snapshot::Snapshot;
using snapshot::State;
using snapshot::Take;
using snapshot::TakeKind;
using snapshot::Thread;

namespace {

constexpr size_t kMostFollowed = 8;      ///< processes
constexpr size_t kMostShared = 16;       ///< semaphores, and locks, whose users are looked for
constexpr size_t kMostProcesses = 2048;  ///< that are asked whether they have mapped one

class Followers {
public:
    explicit Followers(Snapshot& snapshot) : snapshot_(snapshot), pid_(snapshot.process.pid) {}

    void follow_all() {
        for (size_t i = 0; i < snapshot_.threads.size(); ++i) {
            Thread& thread = snapshot_.threads[i];
            if (!thread.wait || thread.finished) continue;
            if (thread.state == State::kSemaphore) add_users(thread);
            if (thread.state == State::kRwlockWrite && thread.wait->process_owners.empty()) add_readers(thread);
            for (ProcessOwner& owner : thread.wait->process_owners) follow(thread, owner);
        }
    }

private:
    /// Null: it is not observed, or cannot be read.
    const Snapshot* other(uint32_t pid) {
        if (pid == pid_) return &snapshot_;
        const auto known = others_.find(pid);
        if (known != others_.end()) return known->second ? &*known->second : nullptr;
        if (others_.size() == kMostFollowed) return nullptr;
        std::optional<Snapshot>& made = others_[pid];
        try {
            LookOptions options;
            options.follow_owners = false;
            options.watch_running = false;
            made = Recording::of_process(pid).take_snapshot(snapshot::Reason::kDump, options);
        } catch (const Error&) {
            // Its name is all that is known.
        }
        return made ? &*made : nullptr;
    }

    /// A stack of another snapshot as one of this.
    snapshot::StackIndex taken_over(const Snapshot& from, snapshot::StackIndex stack) {
        if (&from == &snapshot_ || stack == 0 || stack >= from.stacks.size()) return &from == &snapshot_ ? stack : 0;
        const auto [entry, is_new] = stacks_.try_emplace({from.process.pid, stack});
        if (is_new) {
            entry->second = static_cast<snapshot::StackIndex>(snapshot_.stacks.size());
            snapshot_.stacks.push_back(from.stacks[stack]);
        }
        return entry->second;
    }

    void follow(const Thread& waiter, ProcessOwner& owner) {
        const bool is_own = owner.pid == pid_;
        if (is_own && waiter.state != State::kSemaphore && waiter.state != State::kFileLock) return;
        const Snapshot* const there = other(owner.pid);
        if (there == nullptr) return;
        const Thread* thread = owner.tid != 0 ? thread_with(*there, owner.tid) : nullptr;
        if (const Take* const take = take_of(*there, waiter, owner)) {
            thread = snapshot::find_thread(*there, take->thread);
            owner.thread = take->thread;
            owner.for_seconds = take->ago_seconds;
            owner.acquired_at = taken_over(*there, take->stack);
        } else if (thread == nullptr && there->threads.size() == 1) {
            thread = &there->threads.front();
        }
        if (thread == nullptr) return;
        owner.thread = thread->id;
        owner.thread_name = has_programs_name(*there, *thread) ? "" : thread->name;
        fill_hold(*there, *thread, owner);
        if (!is_own) fill_now(*there, *thread, owner);
    }

    /// As threads have from birth on, cut to what the kernel keeps.
    static bool has_programs_name(const Snapshot& there, const Thread& thread) {
        const std::string& path = there.process.exe;
        return path.substr(path.rfind('/') + 1).starts_with(thread.name);
    }

    static const Thread* thread_with(const Snapshot& there, uint32_t tid) {
        for (const Thread& thread : there.threads) {
            if (thread.tid == tid && !thread.finished) return &thread;
        }
        return nullptr;
    }

    /// Of the thread that has the lock by its own words.
    void fill_hold(const Snapshot& there, const Thread& thread, ProcessOwner& owner) {
        if (owner.address == 0) return;
        for (const snapshot::Hold& hold : thread.holds) {
            if (hold.lock.address != owner.address || hold.lent || hold.releasing) continue;
            owner.for_seconds = hold.for_seconds;
            owner.for_is_lower_bound = hold.for_is_lower_bound;
            owner.acquired_at = taken_over(there, hold.acquired_at);
        }
    }

    void fill_now(const Snapshot& there, const Thread& thread, ProcessOwner& owner) {
        Thread now = thread;
        now.stack = taken_over(there, thread.stack);
        now.entry = now.created_stack = 0;
        now.holds.clear();
        if (now.wait) {
            now.wait->last_signal.reset();
            now.wait->signallers.clear();
            now.wait->process_owners.clear();
        }
        owner.now.assign(1, std::move(now));
    }

    /// The latest one that was not given back; null: none is noted.
    static const Take* take_of(const Snapshot& there, const Thread& waiter, const ProcessOwner& owner) {
        const auto is_it = [&](const Take& take) {
            if (take.given_back) return false;
            if (waiter.state == State::kSemaphore)
                return take.kind == TakeKind::kSemaphore && take.object == owner.address;
            if (waiter.state == State::kFileLock)
                return take.kind == TakeKind::kFile && is_through(take, waiter, owner);
            return take.kind == TakeKind::kSystemV && owner.set && take.object == owner.set->id &&
                   take.number == owner.set->number;
        };
        const auto found = std::find_if(there.takes.begin(), there.takes.end(), is_it);
        return found == there.takes.end() ? nullptr : &*found;
    }

    /// Which descriptor a lock of a process goes through, the kernel does not say: one of the same file.
    static bool is_through(const Take& take, const Thread& waiter, const ProcessOwner& owner) {
        using snapshot::FileLockKind;
        const bool is_known = take.file_lock != FileLockKind::kUnknown && owner.file_lock != FileLockKind::kUnknown;
        if (is_known && take.file_lock != owner.file_lock) return false;
        if (owner.descriptor) return take.object == static_cast<uint64_t>(*owner.descriptor);
        const std::string& name = waiter.wait->object.name;
        return !name.empty() && read_link(proc_path(owner.pid, "fd/" + std::to_string(take.object))) == name;
    }

    /// Who took the semaphore last, in each process that has it.
    void add_users(Thread& thread) {
        add(thread, users_, [](const Snapshot& there, const ProcessOwner& user) {
            const auto has_it = [&](const Take& take) {
                return take.kind == TakeKind::kSemaphore && take.object == user.address && !take.given_back;
            };
            std::vector<ProcessOwner> users;
            if (std::any_of(there.takes.begin(), there.takes.end(), has_it)) users.emplace_back(user).in_doubt = true;
            return users;
        });
    }

    /// Who reads under a lock, in each other process that has it: the lock itself only counts them.
    void add_readers(Thread& thread) {
        add(thread, readers_, [this](const Snapshot& there, const ProcessOwner& user) {
            std::vector<ProcessOwner> readers;
            if (user.pid == pid_) return readers;
            for (const Thread& reader : there.threads) {
                if (reader.finished || !reads(reader, user.address)) continue;
                ProcessOwner& owner = readers.emplace_back(user);
                owner.tid = reader.tid;
                owner.mode = snapshot::Mode::kShared;
            }
            return readers;
        });
    }

    /// What a child of fork has by its parent's words was counted once: it knows no place of its own for it.
    static bool reads(const Thread& thread, uint64_t address) {
        return std::any_of(thread.holds.begin(), thread.holds.end(), [&](const snapshot::Hold& hold) {
            return hold.lock.address == address && hold.lock.kind == snapshot::LockKind::kRwlock &&
                   hold.mode == snapshot::Mode::kShared && !hold.releasing && hold.acquired_at != 0;
        });
    }

    /// `known`: by the address of what is waited for; those who look for it there are asked for once.
    template <typename Find>
    void add(Thread& thread, std::map<uint64_t, std::vector<ProcessOwner>>& known, Find find) {
        const uint64_t address = thread.wait->object.address;
        const auto entry = known.find(address);
        if (entry == known.end() && known.size() == kMostShared) return;
        thread.wait->process_owners = entry != known.end() ? entry->second : known[address] = found_by(find, address);
    }

    /// In each observed process that has mapped what lies at `address` here.
    template <typename Find>
    std::vector<ProcessOwner> found_by(Find find, uint64_t address) {
        std::vector<ProcessOwner> users;
        const std::optional<SharedPlace> place = place_of(pid_, address);
        if (!place) return users;
        size_t asked = 0;
        for (const uint32_t pid : process_ids()) {
            if (++asked > kMostProcesses) break;
            const std::optional<uint64_t> there =
                pid == pid_ ? std::optional<uint64_t>(address) : reader::address_of(pid, *place);
            if (!there || (pid != pid_ && !share_namespaces(pid_, pid))) continue;
            const Snapshot* const snapshot = other(pid);
            if (snapshot == nullptr) continue;
            ProcessOwner user;
            user.pid = pid;
            user.address = *there;
            for (ProcessOwner& owner : find(*snapshot, user)) {
                owner.command = command_of_owner(pid);
                users.push_back(std::move(owner));
            }
        }
        return users;
    }

    Snapshot& snapshot_;
    const uint32_t pid_;
    std::map<uint32_t, std::optional<Snapshot>> others_;
    std::map<std::pair<uint32_t, snapshot::StackIndex>, snapshot::StackIndex> stacks_;
    std::map<uint64_t, std::vector<ProcessOwner>> users_;
    std::map<uint64_t, std::vector<ProcessOwner>> readers_;
};

/// Whether anything may be followed at all.
bool has_foreign_wait(const Snapshot& snapshot) {
    return std::any_of(snapshot.threads.begin(), snapshot.threads.end(), [](const Thread& thread) {
        if (!thread.wait || thread.finished) return false;
        return thread.state == State::kSemaphore || thread.state == State::kRwlockWrite ||
               !thread.wait->process_owners.empty();
    });
}

}  // namespace

void follow_owners(Snapshot& snapshot) {
    if (has_foreign_wait(snapshot)) Followers(snapshot).follow_all();
}

}  // namespace reader
