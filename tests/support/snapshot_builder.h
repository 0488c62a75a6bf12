// SPDX-License-Identifier: Apache-2.0
//
// Snapshots made by hand, for tests of what judges and prints them. Everything unsaid is healthy:
// threads run, are settled and joinable, and the process has ended by exit(0) after 12.4 s.
//
//     SnapshotBuilder builder;
//     builder.thread(2).named("teller").waits_for(mutex(0x20, "g_ledger")).at({frame("audit()", "bank.cpp", 63)});
//     builder.thread(3).holds(mutex(0x20, "g_ledger"));
//     const snapshot::Snapshot snapshot = builder.build();
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "snapshot/snapshot.h"

namespace support {

using Frames = std::vector<snapshot::Frame>;

inline snapshot::Object object(snapshot::LockKind kind, uint64_t address, std::string name = {}) {
    return snapshot::Object{kind, address, std::move(name)};
}
inline snapshot::Object mutex(uint64_t address, std::string name = {}) {
    return object(snapshot::LockKind::kMutex, address, std::move(name));
}
inline snapshot::Object rwlock(uint64_t address, std::string name = {}) {
    return object(snapshot::LockKind::kRwlock, address, std::move(name));
}
inline snapshot::Object spin_lock(uint64_t address, std::string name = {}) {
    return object(snapshot::LockKind::kSpin, address, std::move(name));
}
inline snapshot::Object once_flag(uint64_t address, std::string name = {}) {
    return object(snapshot::LockKind::kOnce, address, std::move(name));
}
inline snapshot::Object condition(uint64_t address, std::string name = {}) {
    return object(snapshot::LockKind::kCondition, address, std::move(name));
}

/// A frame of the program, with debug information. Its offset follows from function and line.
inline snapshot::Frame frame(std::string function, const std::string& file, int line) {
    snapshot::Frame made;
    made.module = "/srv/bank/bin/bank";
    made.build_id = "5fb1c0de";
    made.offset = 0x1000 + static_cast<uint64_t>(line) * 16 + function.size();
    made.address = 0x555555554000 + made.offset;
    made.function = std::move(function);
    made.file = "/src/bank/" + file;
    made.line = line;
    return made;
}

/// The same, inlined into the frame that follows it.
inline snapshot::Frame inlined_frame(std::string function, const std::string& file, int line) {
    snapshot::Frame made = frame(std::move(function), file, line);
    made.inlined = true;
    return made;
}

/// A frame without debug information, for example of libc; no function: stripped.
inline snapshot::Frame frame_in(std::string module, std::string function = {}, uint64_t offset = 0x9e10) {
    snapshot::Frame made;
    made.module = std::move(module);
    made.offset = offset;
    made.address = 0x7ffff7c00000 + offset;
    made.function = std::move(function);
    return made;
}

inline snapshot::Frame libc_frame(std::string function) {
    return frame_in("/usr/lib/x86_64-linux-gnu/libc.so.6", std::move(function));
}
inline snapshot::Frame libstdcxx_frame(std::string function) {
    return frame_in("/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", std::move(function));
}
/// Library code that was compiled into the program: a template of a standard header.
inline snapshot::Frame std_header_frame(std::string function, const std::string& header = "std_thread.h") {
    snapshot::Frame made = frame(std::move(function), "", 210);
    made.file = "/usr/include/c++/12/bits/" + header;
    return made;
}

class SnapshotBuilder;

/// One thread of a SnapshotBuilder; lives as long as the builder.
class ThreadBuilder {
public:
    ThreadBuilder& named(std::string name) {
        thread_.name = std::move(name);
        return *this;
    }
    ThreadBuilder& labelled(std::string label) {
        thread_.label = std::move(label);
        return *this;
    }
    ThreadBuilder& expected() {
        thread_.expected = true;
        return *this;
    }
    ThreadBuilder& tid(uint32_t tid) {
        thread_.tid = tid;
        return *this;
    }
    ThreadBuilder& in(snapshot::State state) {
        thread_.state = state;
        return *this;
    }
    ThreadBuilder& in_io(std::string function, std::string detail = {}) {
        thread_.io_function = std::move(function);
        in(snapshot::State::kIo).wait().detail = std::move(detail);
        return *this;
    }

    /// Untimed wait for a lock, the state follows from its kind; a rwlock: to write.
    ThreadBuilder& waits_for(const snapshot::Object& object) {
        wait().object = object;
        return in(state_of_wait(object.kind));
    }
    ThreadBuilder& waits_to_read(const snapshot::Object& object, bool prefers_writers = false) {
        wait().object = object;
        wait().prefers_writers = prefers_writers;
        return in(snapshot::State::kRwlockRead);
    }
    /// A lock of the program's own, for reading.
    ThreadBuilder& waits_to_share(const snapshot::Object& object) {
        waits_for(object);
        wait().wants_shared = true;
        return *this;
    }
    ThreadBuilder& waits_on(const snapshot::Object& condition, const snapshot::Object& mutex = {}) {
        wait().object = condition;
        wait().mutex = mutex;
        return in(snapshot::State::kConditionWait);
    }
    ThreadBuilder& last_signalled(const snapshot::LastSignal& signal) {
        wait().last_signal = signal;
        return *this;
    }
    ThreadBuilder& joins(uint32_t thread) {
        wait().object.kind = snapshot::LockKind::kThread;
        wait().joins = thread;
        return in(snapshot::State::kJoin);
    }

    /// A held lock; `hold()` is it, for what has no method of its own.
    ThreadBuilder& holds(const snapshot::Object& lock, snapshot::Mode mode = snapshot::Mode::kExclusive) {
        thread_.holds.push_back(snapshot::Hold{lock, mode});
        return *this;
    }
    ThreadBuilder& reads(const snapshot::Object& lock) { return holds(lock, snapshot::Mode::kShared); }
    ThreadBuilder& releasing() {
        hold().releasing = true;
        return *this;
    }
    ThreadBuilder& lent() {
        hold().lent = true;
        return *this;
    }
    ThreadBuilder& held_for(double seconds, bool is_lower_bound = false) {
        hold().for_seconds = seconds;
        hold().for_is_lower_bound = is_lower_bound;
        return *this;
    }
    /// Where the last added hold was acquired.
    ThreadBuilder& acquired_at(const Frames& frames);

    /// Time spent in the state.
    ThreadBuilder& since(double seconds, bool is_lower_bound = false) {
        thread_.for_seconds = seconds;
        thread_.for_is_lower_bound = is_lower_bound;
        return *this;
    }
    ThreadBuilder& timed(double left_seconds, double timeout_seconds) {
        thread_.timed = true;
        thread_.left_seconds = left_seconds;
        thread_.timeout_seconds = timeout_seconds;
        return *this;
    }
    ThreadBuilder& at(const Frames& frames);
    ThreadBuilder& entry(const snapshot::Frame& frame);
    ThreadBuilder& created_by(uint32_t thread, const Frames& frames);

    ThreadBuilder& detached(std::optional<bool> detached = true) {
        thread_.detached = detached;
        return *this;
    }
    /// Its code has ended; joined by nobody.
    ThreadBuilder& finished() {
        thread_.finished = true;
        return in(snapshot::State::kExited);
    }
    ThreadBuilder& joined() {
        finished();
        thread_.joined = true;
        return *this;
    }
    ThreadBuilder& ends_process() {
        thread_.ends_process = true;
        return *this;
    }
    ThreadBuilder& unsettled() {
        thread_.settled = false;
        return *this;
    }
    ThreadBuilder& torn() {
        thread_.torn = true;
        return *this;
    }
    /// Of a live process, in which all threads slept at one moment.
    ThreadBuilder& asleep() {
        thread_.asleep = true;
        return *this;
    }
    ThreadBuilder& last_recorded() {
        thread_.last_recorded = true;
        return *this;
    }

    /// For fields that have no method.
    snapshot::Thread& thread() { return thread_; }
    snapshot::Wait& wait() {
        if (!thread_.wait) thread_.wait.emplace();
        return *thread_.wait;
    }
    snapshot::Hold& hold() { return thread_.holds.back(); }

    ThreadBuilder(SnapshotBuilder& owner, uint32_t id) : owner_(owner) {
        thread_.id = id;
        thread_.tid = 4241 + id;
        thread_.state = snapshot::State::kRunning;
        thread_.detached = false;
        thread_.settled = true;
    }

private:
    static snapshot::State state_of_wait(snapshot::LockKind kind) {
        switch (kind) {
            case snapshot::LockKind::kMutex: return snapshot::State::kMutexLock;
            case snapshot::LockKind::kRwlock: return snapshot::State::kRwlockWrite;
            case snapshot::LockKind::kSpin: return snapshot::State::kSpinLock;
            case snapshot::LockKind::kOnce: return snapshot::State::kOnce;
            case snapshot::LockKind::kCondition: return snapshot::State::kConditionWait;
            case snapshot::LockKind::kSemaphore: return snapshot::State::kSemaphore;
            case snapshot::LockKind::kBarrier: return snapshot::State::kBarrier;
            case snapshot::LockKind::kThread: return snapshot::State::kJoin;
            case snapshot::LockKind::kFutex: return snapshot::State::kFutex;
            case snapshot::LockKind::kFile: return snapshot::State::kFileLock;
            case snapshot::LockKind::kCustom: return snapshot::State::kCustomLock;
            case snapshot::LockKind::kUnknown: return snapshot::State::kUnknown;
        }
        return snapshot::State::kUnknown;
    }

    SnapshotBuilder& owner_;
    snapshot::Thread thread_;
};

class SnapshotBuilder {
public:
    SnapshotBuilder() {
        process().pid = 4242;
        process().ppid = 4200;
        process().exe = "/srv/bank/bin/bank";
        process().command = {"./bank"};
        process().uptime_seconds = 12.4;
        ended(snapshot::Reason::kExit, snapshot::End::kExit, 0);
    }
    SnapshotBuilder(const SnapshotBuilder&) = delete;
    SnapshotBuilder& operator=(const SnapshotBuilder&) = delete;

    /// The thread with this number; made at its first mention.
    ThreadBuilder& thread(uint32_t id) { return threads_.try_emplace(id, *this, id).first->second; }

    SnapshotBuilder& ended(snapshot::Reason reason, snapshot::End end, std::optional<int> status) {
        process().reason = reason;
        process().end = end;
        process().status = status;
        return *this;
    }
    /// Of a process that goes on.
    SnapshotBuilder& live(snapshot::Reason reason = snapshot::Reason::kDump) {
        return ended(reason, snapshot::End::kAlive, std::nullopt);
    }
    /// Of a killed process: nothing runs any more.
    SnapshotBuilder& post_mortem(int status = 137) {
        process().at_rest = true;
        return ended(snapshot::Reason::kPostMortem, snapshot::End::kSignal, status);
    }
    /// libc's own memory names this owner; `thread` empty: no thread of the snapshot; tid 0: nobody.
    SnapshotBuilder& libc_says(const snapshot::Object& lock, std::optional<uint32_t> thread, uint32_t tid) {
        snapshot_.lock_memory[lock.address] = snapshot::LockMemory{tid, thread};
        return *this;
    }
    SnapshotBuilder& libc_says(const snapshot::Object& lock, uint32_t id) {
        return libc_says(lock, id, thread(id).thread().tid);
    }
    SnapshotBuilder& foreign_unlocked(const snapshot::Object& lock) {
        snapshot_.foreign_unlocked.push_back(lock.address);
        return *this;
    }

    /// A stack of its own, even when an equal one is there already; the empty one is number 0.
    snapshot::StackIndex stack(const Frames& frames) {
        if (frames.empty()) return 0;
        snapshot_.stacks.push_back(snapshot::Stack{frames});
        return static_cast<snapshot::StackIndex>(snapshot_.stacks.size() - 1);
    }

    snapshot::Process& process() { return snapshot_.process; }
    /// For fields that have no method; `threads` is filled by build().
    snapshot::Snapshot& snapshot() { return snapshot_; }

    /// `created_total` is the highest thread number unless it was set.
    snapshot::Snapshot build() const {
        snapshot::Snapshot built = snapshot_;
        for (const auto& entry : threads_) built.threads.push_back(ThreadBuilder(entry.second).thread());
        std::sort(built.foreign_unlocked.begin(), built.foreign_unlocked.end());
        if (built.created_total == 0 && !built.threads.empty()) built.created_total = built.threads.back().id;
        return built;
    }

private:
    snapshot::Snapshot snapshot_;
    std::map<uint32_t, ThreadBuilder> threads_;
};

inline ThreadBuilder& ThreadBuilder::acquired_at(const Frames& frames) {
    hold().acquired_at = owner_.stack(frames);
    return *this;
}
inline ThreadBuilder& ThreadBuilder::at(const Frames& frames) {
    thread_.stack = owner_.stack(frames);
    return *this;
}
inline ThreadBuilder& ThreadBuilder::entry(const snapshot::Frame& frame) {
    thread_.entry = owner_.stack({frame});
    return *this;
}
inline ThreadBuilder& ThreadBuilder::created_by(uint32_t thread, const Frames& frames) {
    thread_.created_by = thread;
    thread_.created_stack = owner_.stack(frames);
    return *this;
}

}  // namespace support
