// SPDX-License-Identifier: Apache-2.0
#include "render/waits.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include "analyze/library_holds.h"
#include "render/evidence.h"
#include "render/process_owners.h"
#include "render/words.h"

namespace render {

namespace {

using analyze::Owner;
using snapshot::LockKind;
using snapshot::Thread;

constexpr size_t kChainLength = 16;  ///< owners of owners that are followed
constexpr size_t kShortStack = 3;    ///< frames that are better repeated than looked up
constexpr size_t kToldOwners = 3;    ///< what more owners do now is left out
constexpr size_t kToldPlaces = 8;    ///< of a lock that many have acquired in many places
constexpr size_t kToldHolds = 4;
constexpr size_t kToldParts = 4;  ///< different locks that one group waits for

/// Owners that one sentence covers: the same way, from the same place.
using OwnerGroup = std::vector<Owner>;

std::vector<OwnerGroup> group_owners(const Sheet& sheet, const std::vector<Owner>& owners) {
    std::vector<OwnerGroup> groups;
    using Key = std::tuple<bool, bool, bool, bool, snapshot::Mode, uint32_t, uint32_t>;
    std::map<Key, size_t> known;
    for (const Owner& owner : owners) {
        const snapshot::Hold hold = owner.hold == nullptr ? snapshot::Hold() : *owner.hold;
        const Key key(owner.queued, owner.hold == nullptr, owner.in_doubt, sheet.is_finished(owner.thread), hold.mode,
                      hold.depth, sheet.stacks.look(hold.acquired_at));
        const auto [entry, is_new] = known.try_emplace(key, groups.size());
        if (is_new) groups.emplace_back();
        groups[entry->second].push_back(owner);
    }
    return groups;
}

/// Of a lock that processes share, the one that its thread belongs to may be known.
std::string foreign_owner_words(const Sheet& sheet, const Thread& waiter) {
    const bool is_known = waiter.wait && !waiter.wait->process_owners.empty();
    const auto memory = sheet.snapshot.lock_memory.find(waiter.wait ? waiter.wait->object.address : 0);
    if (memory != sheet.snapshot.lock_memory.end() && memory->second.taken_before_fork)
        return "a thread that likely took it before the fork";
    if (!is_known) return "a thread that is not known";
    return "a thread of " + process_words(sheet, waiter, waiter.wait->process_owners.front());
}

std::string owner_names(const Sheet& sheet, const OwnerGroup& owners, const Group& waiters) {
    if (owners.size() > 1) {
        std::vector<uint32_t> ids;
        for (const Owner& owner : owners) ids.push_back(owner.thread);
        return thread_list(ids);
    }
    const uint32_t id = owners.front().thread;
    if (id == 0) return foreign_owner_words(sheet, *waiters.front());
    if (waiters.size() == 1 && waiters.front()->id == id) return fmt::format("T{} itself", id);
    return thread_words(sheet.snapshot, id);
}

/// " for at least 3.2s"
std::string held_time(const OwnerGroup& owners) {
    std::optional<double> low;
    std::optional<double> high;
    bool is_lower_bound = false;
    for (const Owner& owner : owners) {
        if (owner.hold == nullptr || !owner.hold->for_seconds) continue;
        const double time = *owner.hold->for_seconds;
        low = std::min(low.value_or(time), time);
        high = std::max(high.value_or(time), time);
        is_lower_bound = is_lower_bound || owner.hold->for_is_lower_bound;
    }
    if (!low) return {};
    return " for " + (is_lower_bound ? "at least " + duration(*low) : duration_range(*low, *high));
}

/// `T3 "auditor" (reading) for 3.2s`
std::string owner_words(const Sheet& sheet, const OwnerGroup& owners, LockKind kind, const Group& waiters) {
    const Owner& first = owners.front();
    std::string text = owner_names(sheet, owners, waiters);
    if (kind == LockKind::kRwlock && first.hold != nullptr)
        text += first.hold->mode == snapshot::Mode::kShared ? " (reading)" : " (writing)";
    const std::string held = held_time(owners);
    if (sheet.is_finished(first.thread)) {
        text += owners.size() == 1 ? ", which has exited" : ", which have exited";
        if (!held.empty()) text += ",";
    }
    text += held;
    if (first.hold != nullptr && first.hold->depth > 1) text += fmt::format(" (locked {} times)", first.hold->depth);
    const bool is_inherited = first.hold != nullptr && first.hold->in_doubt;
    if (first.in_doubt && !first.queued)
        text += is_inherited ? " (in doubt: maybe its parent process alone)" : " (in doubt: it may have let go)";
    return text;
}

std::string acquired_words(const Sheet& sheet, const Owner& owner, LockKind kind) {
    if (owner.queued) return {};
    if (owner.hold == nullptr || owner.hold->unrecorded) return ", as the lock's own memory tells";
    const std::string verb = kind == LockKind::kOnce ? ", begun at" : ", acquired at";
    return sheet.stacks.is_empty(owner.hold->acquired_at) ? verb + " a place that was not recorded" : verb;
}

/// `subject` waits for ...: one line for each kind of owner, and where it got the lock.
void print_owners(Sheet& sheet, const std::string& subject, const Group& group, const std::vector<Owner>& owners) {
    const snapshot::Wait& wait = *group.front()->wait;
    const LockKind kind = wait.object.kind;
    const std::string detail = wait.detail.empty() ? "" : " (" + printable(wait.detail) + ")";
    const std::string opening = "  " + subject + "waits for " + object_words(wait.object) + detail;
    if (owners.empty()) {
        const std::string others = lock_owner_words(sheet, *group.front());
        sheet.page.add(opening + ", " + (others.empty() ? "owner not known" : others));
    }
    size_t told = 0;
    for (const OwnerGroup& alike : group_owners(sheet, owners)) {
        if (told == kToldPlaces) return sheet.page.add("  (and more owners)", Style::kDim);
        const std::string_view owned = owned_words(kind, alike.front().queued);
        const std::string start =
            told == 0 ? fmt::format("{}{} ", opening, owned) : fmt::format("  and{} ", owned.substr(1));
        sheet.page.add(start + owner_words(sheet, alike, kind, group) + acquired_words(sheet, alike.front(), kind));
        if (alike.front().hold != nullptr) sheet.stacks.print(sheet.page, alike.front().hold->acquired_at);
        ++told;
    }
    if (owners.size() == Sheet::kMaxOwners) sheet.page.add("  (and perhaps more owners)", Style::kDim);
}

/// Follows the owners to see why they do not let go.
class Chain {
public:
    Chain(Sheet& sheet, const Group& group) : sheet_(sheet) {
        for (const Thread* thread : group) told_.insert(thread->id);
    }

    void follow(const std::vector<Owner>& owners, size_t length) {
        size_t left_out = 0;
        size_t told = 0;
        for (const Owner& owner : owners) {
            const Thread* const thread = snapshot::find_thread(sheet_.snapshot, owner.thread);
            if (thread == nullptr || thread->finished || told_.count(thread->id) > 0) continue;
            if (told == kToldOwners) {
                ++left_out;
                continue;
            }
            ++told;
            told_.insert(thread->id);
            tell(*thread, length);
        }
        if (left_out > 0) sheet_.page.add(fmt::format("  (and {})", counted(left_out, "more owner")), Style::kDim);
    }

private:
    /// Calls on descriptors, signals and children have none, and say what they are about in their own block.
    static bool has_object(const Thread& thread) {
        return thread.wait && (thread.wait->object.kind != LockKind::kUnknown || thread.wait->object.address != 0);
    }

    /// A direct owner's stack stands in each waiter's entry; further on, one that has a block of its own
    /// is only pointed to, and what it waits behind is told once: in a ring of many it is the same for all.
    void tell(const Thread& thread, size_t length) {
        const bool is_planned = sheet_.planned.count(thread.id) > 0;
        const bool is_direct = length == kChainLength;
        const std::string now = fmt::format("  T{} {}", thread.id, now_words(thread));
        if (!is_direct && is_planned) {
            const std::string awaited = has_object(thread) ? ", waits for " + awaited_words(*thread.wait) : "";
            sheet_.page.add(now + awaited + (sheet_.printed.count(thread.id) > 0 ? ", see above" : ", see below"));
            if (!sheet_.followed.insert(thread.id).second) return;
        } else if (!sheet_.has_stack(thread)) {
            sheet_.page.add(now + ", no stack recorded");
        } else {
            sheet_.page.add(now + (thread.stack_is_last_known ? ", last known at" : ", at"));
            sheet_.stacks.print(sheet_.page, thread.stack);
        }
        if (thread.wait && length > 1) go_on(thread, length - 1, is_planned);
    }

    /// Where each owner acquired its lock is told once, in the block of a thread that waits for it.
    void go_on(const Thread& thread, size_t length, bool is_planned) {
        const std::vector<Owner>& owners = sheet_.owners_of(thread);
        if (owners.empty()) return;
        if (is_planned) return follow(owners, length);
        if (thread.wait->object.kind == LockKind::kThread)
            sheet_.page.add(fmt::format("  T{} waits for {}", thread.id, awaited_words(*thread.wait)));
        else
            print_owners(sheet_, fmt::format("T{} ", thread.id), {&thread}, owners);
        follow(owners, length);
    }

    Sheet& sheet_;
    std::set<uint32_t> told_;
};

/// For threads that all wait for the same thing, where it has owners.
void print_same_wait(Sheet& sheet, const Group& group) {
    const Thread& first = *group.front();
    if (!first.wait) return;
    if (!first.wait->members.empty()) {
        sheet.page.add("  waits for " + thread_list(first.wait->members) + " to end");
        return Chain(sheet, group).follow(sheet.owners_of(first), kChainLength);
    }
    switch (first.wait->object.kind) {
        case LockKind::kMutex:
        case LockKind::kRwlock:
        case LockKind::kSpin:
        case LockKind::kCustom:
        case LockKind::kOnce: {
            const std::vector<Owner>& owners = sheet.owners_of(first);
            print_owners(sheet, "", group, owners);
            print_process_owners(sheet, first);
            Chain(sheet, group).follow(owners, kChainLength);
            return;
        }
        case LockKind::kThread: {
            const std::string joined = first.wait->joins ? thread_words(sheet.snapshot, *first.wait->joins) + " to end"
                                                         : awaited_words(*first.wait);
            sheet.page.add("  waits for " + joined);
            Chain(sheet, group).follow(sheet.owners_of(first), kChainLength);
            return;
        }
        case LockKind::kFutex: {
            const std::vector<Owner>& owners = sheet.owners_of(first);
            if (owners.empty()) return print_evidence(sheet, group);
            print_owners(sheet, "", group, owners);
            Chain(sheet, group).follow(owners, kChainLength);
            return;
        }
        case LockKind::kUnknown:
        case LockKind::kCondition:
        case LockKind::kSemaphore:
        case LockKind::kBarrier:
        case LockKind::kFile: print_evidence(sheet, group);
    }
}

}  // namespace

std::string awaited_words(const snapshot::Wait& wait) {
    if (wait.object.kind != LockKind::kThread) return short_object_words(wait.object);
    return wait.joins ? fmt::format("T{} to end", *wait.joins) : "a thread to end that is not known";
}

std::string_view owned_words(LockKind kind, bool queued) {
    if (kind == LockKind::kThread) return "";
    if (queued) return ", wanted first by";
    return kind == LockKind::kOnce ? ", run by" : ", held by";
}

void print_wait(Sheet& sheet, const Group& group) {
    const std::vector<Group> parts = parts_by_lock(group);
    if (parts.size() == 1) return print_same_wait(sheet, group);
    size_t told = 0;
    for (const Group& part : parts) {
        if (told++ == kToldParts)
            return sheet.page.add(fmt::format("  (and {} more such waits)", parts.size() - kToldParts), Style::kDim);
        sheet.page.add("  of these, " + thread_list(ids_of(part)));
        print_same_wait(sheet, part);
    }
}

void print_holds(Sheet& sheet, const Group& group) {
    size_t told = 0;
    for (const Thread* thread : group) {
        for (const snapshot::Hold& hold : thread->holds) {
            if (hold.lent || (!thread->finished && sheet.awaited.count(hold.lock.address) > 0)) continue;
            if (!thread->finished && analyze::is_librarys_own(sheet.snapshot, hold)) continue;
            if (told++ == kToldHolds) return sheet.page.add("  (and more locks)", Style::kDim);
            const std::string whose = group.size() > 1 ? fmt::format("T{} ", thread->id) : "";
            const Owner owner{thread->id, &hold};
            sheet.page.add("  " + whose + (thread->finished ? "never released " : "holds ") + object_words(hold.lock) +
                           (hold.mode == snapshot::Mode::kShared ? " (reading)" : "") +
                           (thread->finished && hold.for_seconds ? ", held" : "") + held_time({owner}) +
                           acquired_words(sheet, owner, hold.lock.kind));
            sheet.stacks.print(sheet.page, hold.acquired_at);
        }
    }
}

}  // namespace render
