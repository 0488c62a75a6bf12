// SPDX-License-Identifier: Apache-2.0
//
// Order matters for a live process: what two equal looks at the records show was true at one moment
// between them, and so was what the kernel and libc's own words said then.
#include "read/take_snapshot.h"

#include <sys/wait.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <utility>

#include "read/calls/futex.h"
#include "read/calls/system_calls.h"
#include "read/kernel/mappings.h"
#include "read/kernel/target_memory.h"
#include "read/outside/jit_frames.h"
#include "read/outside/library_waits.h"
#include "read/outside/outside_stacks.h"
#include "read/outside/python_stacks.h"
#include "read/owners/foreign_owners.h"
#include "read/owners/lock_words.h"
#include "read/owners/rwlock_readers.h"
#include "read/owners/stream_locks.h"
#include "read/records/head.h"
#include "read/records/lock_orders.h"
#include "read/records/modules.h"
#include "read/records/program_words.h"
#include "read/records/stacks.h"
#include "read/records/takes.h"
#include "read/threads.h"
#include "read/wakers.h"

namespace reader {

using protocol::ProcessRecord;
using snapshot::End;
using snapshot::Reason;

namespace {

/// All that was copied, before it is put together.
struct Looks {
    Fate fate = Fate::kGone;
    ThreadLooks threads;
    LockWords lock_words;
    std::unique_ptr<ProcessRecord> head = std::make_unique<ProcessRecord>();  ///< copied last
};

bool is_rwlock_wait(const WaitCopy& wait) {
    return wait.kind == protocol::WaitKind::kRwlockRead || wait.kind == protocol::WaitKind::kRwlockWrite;
}

/// Locks that somebody waits for, and those that ended threads hold.
LocksToAsk locks_to_ask(const std::vector<ThreadCopy>& threads) {
    LocksToAsk locks;
    for (const ThreadCopy& thread : threads) {
        if (thread.is(protocol::kLifeFinished)) {
            for (const HoldCopy& hold : thread.holds) {
                if (hold.kind == protocol::LockKind::kMutex || hold.kind == protocol::LockKind::kRwlock) {
                    locks.emplace(hold.address, hold.kind);
                }
            }
        } else if (thread.wait.kind == protocol::WaitKind::kMutex) {
            locks.emplace(thread.wait.object, protocol::LockKind::kMutex);
        } else if (is_rwlock_wait(thread.wait)) {
            locks.emplace(thread.wait.object, protocol::LockKind::kRwlock);
        } else if (thread.wait.kind == protocol::WaitKind::kCondition && thread.wait.detail != 0) {
            locks.emplace(thread.wait.detail, protocol::LockKind::kMutex);  // it may be about to take it again
        }
    }
    return locks;
}

/// Futexes that somebody waits for as for a lock with an owner.
std::vector<uint64_t> owned_futexes(const std::vector<ThreadCopy>& threads) {
    std::vector<uint64_t> futexes;
    for (const ThreadCopy& thread : threads) {
        const WaitCopy& wait = thread.wait;
        if (wait.kind == protocol::WaitKind::kFutex && is_owned_lock(recorded_futex_call(wait.detail)))
            futexes.push_back(wait.object);
    }
    return futexes;
}

/// Of the other ones.
std::set<uint64_t> valued_futexes(const std::vector<ThreadCopy>& threads) {
    std::set<uint64_t> futexes;
    for (const ThreadCopy& thread : threads) {
        const WaitCopy& wait = thread.wait;
        if (wait.kind == protocol::WaitKind::kFutex && !is_owned_lock(recorded_futex_call(wait.detail)))
            futexes.insert(wait.object);
    }
    return futexes;
}

/// What the record says its thread is in leaves room for a wait within libc: nothing, or a call of I/O.
bool may_wait_unseen(const Task& task, const std::vector<ThreadCopy>& threads) {
    return std::none_of(threads.begin(), threads.end(), [&](const ThreadCopy& thread) {
        const bool is_its = thread.tid == task.recorded_tid && !thread.is(protocol::kLifeFinished);
        return is_its && thread.wait.kind != protocol::WaitKind::kNone && thread.wait.kind != protocol::WaitKind::kIo;
    });
}

void look_at_streams(StreamLocks& streams, ThreadLooks& threads, LockWords& words) {
    for (const Task& task : threads.between.tasks) {
        if (!task.call || !may_wait_for_stream(*task.call) || !may_wait_unseen(task, threads.first)) continue;
        const std::optional<StreamLock> lock = streams.with_lock(task.call->arguments[0]);
        if (!lock) continue;
        threads.streams.emplace(task.tid, *lock);
        threads.stream_locks.emplace(lock->lock, *lock);
    }
    for (const auto& [tid, lock] : threads.streams) streams.add_owner(lock, words);
}

/// The mutexes and rwlocks that are waited for where no wrapper sees it: within libc and its loader.
void look_at_unseen(OutsideStacks& outside, ThreadLooks& threads, LockWords& words) {
    LocksToAsk locks;
    for (const Task& task : threads.between.tasks) {
        if (!task.call || awaited_futex(*task.call) == 0 || threads.streams.contains(task.tid)) continue;
        if (!may_wait_unseen(task, threads.first)) continue;
        std::optional<OutsideStacks::Sight> sight = outside.look(task);
        if (!sight || sight->task.call != task.call) continue;
        const LibraryWait wait = library_wait(*task.call, sight->function);
        if (wait.kind == snapshot::LockKind::kMutex) locks.emplace(wait.address, protocol::LockKind::kMutex);
        if (wait.kind == snapshot::LockKind::kRwlock) locks.emplace(wait.address, protocol::LockKind::kRwlock);
        if (locks.contains(wait.address)) threads.unseen.emplace(task.tid, UnseenWait{wait, false});
        threads.sights.emplace(task.tid, std::move(*sight));
    }
    LockWords read = read_lock_words(threads.pid, locks);
    // Words that cannot be those of a lock: it is some other one, and only the futex is known.
    std::erase_if(threads.unseen,
                  [&](const auto& entry) { return !read.owner_tids.contains(entry.second.wait.address); });
    for (auto& [tid, unseen] : threads.unseen)
        unseen.prefers_writers = read.prefer_writers.contains(unseen.wait.address);
    words.owner_tids.merge(read.owner_tids);
    words.robust.merge(read.robust);
    words.readers.merge(read.readers);
    words.shared.merge(read.shared);
}

/// A wait that was left meanwhile is shown as what came next.
template <typename Wait>
void settle(const ThreadLooks& threads, std::map<uint32_t, Wait>& waits) {
    std::erase_if(waits, [&](const auto& entry) {
        const auto is_its = [&](const Task& task) { return task.tid == entry.first; };
        const auto task = std::find_if(threads.between.tasks.begin(), threads.between.tasks.end(), is_its);
        return task == threads.between.tasks.end() || !sleeps_on(threads.pid, *task);
    });
}

Looks look(const Source& source, const Layout& layout, const Identity& identity, Fate fate, StreamLocks& streams,
           OutsideStacks& outside) {
    Looks looks;
    looks.fate = fate;
    ThreadLooks& threads = looks.threads;
    threads.is_live = fate == Fate::kRuns;
    threads.is_at_rest = fate == Fate::kGone || fate == Fate::kReplaced;
    threads.pid = identity.pid();
    threads.translates = identity.is_in_other_namespace();

    const ThreadRecords records(source, layout, threads.is_at_rest);
    copy_head(source, layout, *looks.head);
    threads.first = records.copy_all(*looks.head);
    if (threads.is_live) {
        threads.between = look_at_tasks(threads.pid, threads.translates);
        looks.lock_words = read_lock_words(threads.pid, locks_to_ask(threads.first));
        read_owned_futexes(threads.pid, owned_futexes(threads.first), looks.lock_words);
        read_futex_values(
            [pid = threads.pid](uint64_t at, void* to, size_t bytes) { return read_memory(pid, at, to, bytes); },
            valued_futexes(threads.first), looks.lock_words);
        look_at_streams(streams, threads, looks.lock_words);
        look_at_unseen(outside, threads, looks.lock_words);
    }
    if (!threads.is_at_rest) copy_head(source, layout, *looks.head);
    threads.second = records.copy_all(*looks.head, &threads.legacy);
    settle(threads, threads.streams);
    settle(threads, threads.unseen);
    if (!threads.is_at_rest) copy_head(source, layout, *looks.head);  // has every stack that was met
    threads.created_total = looks.head->created_total.load(kRelaxed);
    threads.ended_by = looks.head->ended_by.load(kRelaxed);
    threads.own_signals = signals_of_library(*looks.head);
    threads.ended_by_tid = looks.head->ended_by_tid.load(kRelaxed);
    return looks;
}

/// Up to when spans are counted.
Times times_of(const Looks& looks, const Identity& identity) {
    const ProcessRecord& head = *looks.head;
    const uint64_t now = monotonic_now();
    if (!looks.threads.is_at_rest) return {now, false};
    const uint64_t ended = head.ended_ns.load(kRelaxed);
    if (ended != 0) return {ended, false};
    const uint64_t newest = std::max(newest_stamp(looks.threads.second), head.started_ns);
    return {identity.is_of_this_boot() ? std::min(newest, now) : newest, true};
}

bool is_of_live_process(Reason reason) {
    switch (reason) {
        case Reason::kSignal:
        case Reason::kDump:
        case Reason::kWatch:
        case Reason::kTimeout: return true;
        case Reason::kExit:
        case Reason::kPostMortem: return false;
    }
    return false;
}

End recorded_end(const ProcessRecord& head) {
    if (head.phase.load(kRelaxed) == protocol::Phase::kRunning) return End::kUnknown;
    switch (head.end.load(kRelaxed)) {
        case protocol::End::kNone: return End::kUnknown;
        case protocol::End::kReturn: return End::kReturn;
        case protocol::End::kExit: return End::kExit;
        case protocol::End::kUnderscoreExit: return End::kUnderscoreExit;
        case protocol::End::kQuickExit: return End::kQuickExit;
        case protocol::End::kExec: return End::kExec;
    }
    return End::kUnknown;
}

void fill_end(const Looks& looks, snapshot::Process& process) {
    const ProcessRecord& head = *looks.head;
    const int wait_status = head.wait_status.load(kRelaxed);
    const bool has_wait_status = head.has_wait_status.load(kRelaxed) != 0;
    const bool is_alive = looks.threads.is_live;
    process.end = looks.fate == Fate::kReplaced ? End::kExec : recorded_end(head);
    if (is_alive && (is_of_live_process(process.reason) || process.end == End::kUnknown)) {
        process.end = End::kAlive;
    } else if (process.end == End::kExec) {
        return;  // the process goes on: it has no status yet
    } else if (has_wait_status && WIFSIGNALED(wait_status)) {
        process.end = End::kSignal;
        process.status = 128 + WTERMSIG(wait_status);
    } else if (has_wait_status && WIFEXITED(wait_status)) {
        process.status = WEXITSTATUS(wait_status);
    } else if (process.end != End::kUnknown) {
        process.status = head.status.load(kRelaxed) & 255;
    }
}

snapshot::Process describe_process(const Looks& looks, const Identity& identity, const Times& times, Reason reason,
                                   const std::vector<snapshot::Module>& modules) {
    const ProcessRecord& head = *looks.head;
    snapshot::Process process;
    process.pid = looks.threads.pid;
    process.ppid = head.ppid;
    process.exe = exe_of(head);
    process.command = command_of(head);
    process.reason = reason;
    fill_end(looks, process);
    process.uptime_seconds = times.since(head.started_ns).value_or(0);
    process.uptime_is_lower_bound = times.is_lower_bound;
    process.at_rest = looks.threads.is_at_rest;
    if (looks.threads.is_live) {
        const std::optional<TaskStat> stat = stat_of_process(process.pid);
        if (stat) process.ppid = stat->parent;
        if (is_of_live_process(reason)) {
            // What it calls itself now: servers name their workers after the start.
            std::vector<std::string> command = arguments_of_process(process.pid);
            if (!command.empty()) process.command = std::move(command);
        }
        if (process.exe.empty()) process.exe = exe_of_process(process.pid);
        process.root = identity.root();
        process.deleted = deleted_files(process.pid, modules);
    }
    return process;
}

void fill_foreign_unlocks(const ProcessRecord& head, snapshot::Snapshot& snapshot) {
    std::vector<uint64_t>& locks = snapshot.foreign_unlocked;
    for (const std::atomic<uint64_t>& lock : head.foreign_unlocks) {
        const uint64_t address = lock.load(kRelaxed);
        if (address != 0) locks.push_back(address);
    }
    std::sort(locks.begin(), locks.end());
    locks.erase(std::unique(locks.begin(), locks.end()), locks.end());
    snapshot.any_lock_foreign_unlocked = head.foreign_unlocks_lost.load(kRelaxed) != 0;
}

bool is_forked(const ThreadCopy& thread) {
    return thread.number == 1 && thread.origin == protocol::Origin::kForked;
}

/// A child of fork has the words of its parent's locks, with the numbers of threads that it never had; those that
/// processes share tell of the parent as it is now.
void fill_lock_memory(const Looks& looks, const ThreadAssembly& threads, snapshot::Snapshot& snapshot) {
    const LockWords& words = looks.lock_words;
    const bool has_parents_words = std::ranges::any_of(looks.threads.second, is_forked);
    for (const uint64_t address : words.no_locks) snapshot.lock_memory[address];  // nobody's
    for (const auto& [address, tid] : words.owner_tids) {
        snapshot::LockMemory& memory = snapshot.lock_memory[address];
        const snapshot::Thread* const owner = tid == 0 ? nullptr : threads.thread_with(tid, address);
        memory.owner_tid = owner != nullptr && owner->tid != 0 ? owner->tid : tid;
        if (owner != nullptr) memory.owner_thread = owner->id;
        memory.outlives_owner = words.robust.contains(address);
        memory.taken_before_fork = has_parents_words && tid != 0 && owner == nullptr && !words.shared.contains(address);
    }
}

/// One that waited before the words were read, and waits still, waits for this value of it.
void fill_futex_values(const LockWords& words, snapshot::Snapshot& snapshot) {
    for (snapshot::Thread& thread : snapshot.threads) {
        if (!thread.settled || !thread.wait || !thread.wait->expected) continue;
        const auto value = words.values.find(thread.wait->object.address);
        if (value != words.values.end()) thread.wait->value = value->second;
    }
}

/// A thread of the snapshot; one that nobody recorded, or that has left no trace, is added.
snapshot::Thread& ended_owner(uint64_t handle, const Handles& handles, snapshot::Snapshot& snapshot) {
    const uint32_t recorded = handles.thread_of(handle).value_or(0);
    for (snapshot::Thread& thread : snapshot.threads) {
        if (recorded != 0 && thread.id == recorded && thread.finished) return thread;
    }
    const uint32_t last = snapshot.threads.empty() ? 0 : snapshot.threads.back().id;
    snapshot::Thread& thread = snapshot.threads.emplace_back();
    thread.id = std::max(last, snapshot.created_total) + 1;
    thread.state = snapshot::State::kExited;
    thread.finished = true;
    thread.settled = true;
    thread.presumed = true;
    return thread;
}

/// What libc alone knows: who has the streams that are waited for.
void fill_stream_owners(const Looks& looks, snapshot::Snapshot& snapshot) {
    const Handles handles(looks.threads.second);
    std::map<uint64_t, uint32_t> ended;  // id by pthread_t
    for (const auto& [word, lock] : looks.threads.stream_locks) {
        snapshot::LockMemory& memory = snapshot.lock_memory[lock.stream];
        const auto handle = looks.lock_words.ended_owners.find(lock.stream);
        if (handle != looks.lock_words.ended_owners.end()) {
            const auto [entry, is_new] = ended.try_emplace(handle->second);
            if (is_new) entry->second = ended_owner(handle->second, handles, snapshot).id;
            memory.owner_thread = entry->second;
        }
        const auto owner = std::find_if(snapshot.threads.begin(), snapshot.threads.end(),
                                        [&](const auto& thread) { return memory.owner_thread == thread.id; });
        if (owner == snapshot.threads.end()) continue;
        snapshot::Hold hold;
        hold.lock = stream_object(lock);
        hold.unrecorded = true;
        owner->holds.push_back(std::move(hold));
    }
}

/// The same of other locks that were waited for where no wrapper sees it, and maybe taken there.
void fill_unseen_owners(const Looks& looks, snapshot::Snapshot& snapshot) {
    std::set<uint64_t> filled;
    for (const auto& [tid, unseen] : looks.threads.unseen) {
        const auto memory = snapshot.lock_memory.find(unseen.wait.address);
        if (memory == snapshot.lock_memory.end() || !memory->second.owner_thread) continue;
        if (!filled.insert(unseen.wait.address).second) continue;
        for (snapshot::Thread& thread : snapshot.threads) {
            const auto is_this = [address = unseen.wait.address](const snapshot::Hold& hold) {
                return hold.lock.address == address;
            };
            if (thread.id != memory->second.owner_thread || std::ranges::any_of(thread.holds, is_this)) continue;
            snapshot::Hold& hold = thread.holds.emplace_back();
            hold.lock.kind = unseen.wait.kind;
            hold.lock.address = unseen.wait.address;
            hold.unrecorded = true;
        }
    }
}

void fill_losses(const Looks& looks, snapshot::Snapshot& snapshot) {
    const ProcessRecord& head = *looks.head;
    snapshot.losses.threads = head.threads_lost.load(kRelaxed);
    snapshot.losses.holds = head.holds_lost.load(kRelaxed);
    snapshot.losses.stacks = head.stacks_lost.load(kRelaxed);
    snapshot.losses.orders = head.orders_lost.load(kRelaxed);
    for (const ThreadCopy& thread : looks.threads.second) {
        snapshot.losses.holds += thread.holds_lost;
        snapshot.losses.orders += thread.orders_lost;
    }
}

void add_notes(const Looks& looks, const StackTable& stacks, const std::vector<std::string>& command,
               std::vector<std::string>& notes) {
    const ProcessRecord& head = *looks.head;
    if (head.stopped.load(kRelaxed) != protocol::Stopped::kNo) {
        notes.push_back("recording stopped early: there was no room left in its folder or in memory");
    }
    if (looks.fate == Fate::kHidden) {
        notes.push_back(
            "the process is of a pid namespace that cannot be seen from here: all is as recorded, whether it runs or "
            "not");
    }
    if (head.command_truncated != 0 && command == command_of(head))
        notes.push_back("the command line was longer than the recording keeps");
    if (is_stopped(looks.threads.between.tasks)) notes.emplace_back(kStoppedNote);
    if (looks.threads.between.call_error != 0) {
        notes.push_back(std::string("what threads outside of wrappers do could not be read from /proc (") +
                        std::strerror(looks.threads.between.call_error) + ")");
    }
    if (!looks.lock_words.failure.empty()) {
        notes.push_back("the target's memory could not be read (" + looks.lock_words.failure +
                        "): lock owners come from the recording alone");
    }
    for (std::string& note : stacks.notes()) notes.push_back(std::move(note));
}

/// At its end the process is about to lose its threads wherever they are, or to be killed: an instant
/// more makes no difference to it, and nobody can ask again where they were. An exec may fail yet, and
/// what is told to end at a timeout may go on.
bool may_stop_unasked(Reason reason, const ProcessRecord& head) {
    switch (reason) {
        case Reason::kExit: {
            const End end = recorded_end(head);
            return end != End::kUnknown && end != End::kExec;
        }
        case Reason::kTimeout:
        case Reason::kSignal:
        case Reason::kDump:
        case Reason::kWatch:
        case Reason::kPostMortem: return false;
    }
    return false;
}

snapshot::Snapshot put_together(const Source& source, const Layout& layout, const Identity& identity, Looks& looks,
                                Reason reason, OutsideStacks& outside, LookOptions options) {
    const ProcessRecord& head = *looks.head;
    options.stop_running = options.stop_running || may_stop_unasked(reason, head);
    const ModuleTable modules(source, layout, head);
    StackTable stacks(source, layout, head, modules);
    const ThreadRecords records(source, layout, looks.threads.is_at_rest);
    looks.threads.times = times_of(looks, identity);
    ThreadAssembly threads(looks.threads, records, stacks, outside, options);

    snapshot::Snapshot snapshot;
    snapshot.modules = modules.latest();
    snapshot.process = describe_process(looks, identity, looks.threads.times, reason, snapshot.modules);
    snapshot.threads = threads.assemble();
    add_program_words(ProgramTexts(source, layout, head), looks.threads.second, snapshot.threads);
    PythonStacks python(looks.threads.pid);
    if (looks.threads.is_live)
        python.add_to(snapshot.threads, looks.threads.between.tasks, stacks);
    else
        python.note_end(snapshot.modules);
    fill_lock_memory(looks, threads, snapshot);
    fill_readers(looks.lock_words, looks.threads.first, looks.threads.second, snapshot);
    fill_futex_values(looks.lock_words, snapshot);
    if (looks.threads.is_live && !looks.threads.translates)
        add_foreign_owners(looks.threads.pid, looks.lock_words, snapshot);
    fill_foreign_unlocks(head, snapshot);
    fill_lock_orders(looks.threads.legacy, stacks, snapshot);
    fill_lock_turns(looks.threads.legacy, snapshot);
    fill_misuses(head, looks.threads.times, stacks, snapshot);
    snapshot.takes = takes_of(looks.threads.second, looks.threads.legacy, looks.threads.times, stacks);
    snapshot.created_total = looks.threads.created_total + threads.unrecorded();
    fill_stream_owners(looks, snapshot);
    fill_unseen_owners(looks, snapshot);
    fill_losses(looks, snapshot);
    fill_wakers(head, looks.threads.pid, looks.threads.between, snapshot);
    const bool has_lost_threads =
        head.stopped.load(kRelaxed) != protocol::Stopped::kNo || head.threads_lost.load(kRelaxed) != 0;
    snapshot.may_lack_threads = !looks.threads.is_live && (looks.fate == Fate::kHidden || has_lost_threads);
    add_notes(looks, stacks, snapshot.process.command, snapshot.notes);
    for (std::string& note : outside.notes()) snapshot.notes.push_back(std::move(note));
    if (std::string note = python.note(); !note.empty()) snapshot.notes.push_back(std::move(note));
    snapshot.stacks = stacks.take();
    if (looks.threads.is_live) mark_jit_frames(snapshot.process.pid, snapshot.process.root, snapshot.stacks);
    return snapshot;
}

}  // namespace

snapshot::Snapshot take_snapshot(const Source& source, const Layout& layout, const Identity& identity, Reason reason,
                                 LookOptions options) {
    const Fate fate = identity.fate(source);
    const uint32_t pid = identity.pid();
    OutsideStacks outside(pid);
    StreamLocks streams(
        [pid](uint64_t address, void* to, size_t bytes) { return read_memory(pid, address, to, bytes).bytes; },
        [&](std::span<const std::string_view> names) { return outside.objects_of_libc(names); },
        [&](std::span<const std::string_view> names) { return outside.functions_of_libc(names); });
    Looks looks = look(source, layout, identity, fate, streams, outside);
    if (fate == Fate::kRuns) {
        // Of a process that ended meanwhile, threads seem to be gone that were there to the last.
        const Fate now = identity.fate(source);
        if (now != fate) looks = look(source, layout, identity, now, streams, outside);
    }
    return put_together(source, layout, identity, looks, reason, outside, options);
}

}  // namespace reader
