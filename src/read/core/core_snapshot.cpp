// SPDX-License-Identifier: Apache-2.0
//
// A process as its core file has it: at rest, so that one look proves.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "read/calls/system_calls.h"
#include "read/core/core_file.h"
#include "read/core/core_memory.h"
#include "read/kernel/program_kind.h"
#include "read/outside/outside_stacks.h"
#include "read/outside/unobserved_threads.h"
#include "read/outside/waiting_functions.h"
#include "read/owners/lock_words.h"
#include "read/owners/stream_locks.h"
#include "read/read.h"
#include "unwind/unwinder.h"

namespace reader {

namespace {

class CoreLook {
public:
    explicit CoreLook(const std::string& path)
        : core_(path),
          memory_(core_),
          unwinder_(memory_.regions(),
                    [this](uint64_t address, void* to, size_t bytes) { return memory_.read(address, to, bytes); }),
          functions_(unwinder_),
          streams_([this](uint64_t address, void* to, size_t bytes) { return memory_.read(address, to, bytes); },
                   [this](std::span<const std::string_view> names) { return unwinder_.objects_of_glibc(names); },
                   [this](std::span<const std::string_view> names) { return unwinder_.functions_of_glibc(names); }) {}

    snapshot::Snapshot take() {
        std::vector<CoreThread> threads = core_.threads();
        std::stable_sort(threads.begin(), threads.end(),
                         [](const CoreThread& one, const CoreThread& other) { return one.tid < other.tid; });
        std::vector<Sight> sights;
        std::set<uint32_t> known;
        for (const CoreThread& thread : threads) {
            if (known.insert(thread.tid).second) sights.push_back(look_at(thread));
        }
        const auto read = [this](uint64_t address, void* to, size_t bytes) {
            return MemoryRead{memory_.read(address, to, bytes), 0};
        };
        LockWords words = read_lock_words(read, locks_of(sights));
        read_futex_values(read, futexes_of(sights), words);
        add_stream_owners(streams_, sights, words);
        return put_together(std::move(sights), words, !known.contains(core_.pid()));
    }

private:
    Sight look_at(const CoreThread& thread) {
        Sight sight;
        sight.task.tid = thread.tid;
        sight.task.recorded_tid = thread.tid;
        sight.task.call = thread.call;
        sight.settled = true;
        // The main thread's is that of all together.
        if (thread.cpu_seconds > 0 && thread.tid != core_.pid()) sight.cpu_seconds = thread.cpu_seconds;
        sight.stack = unwinder_.stack_of(thread.pc, thread.stack_pointer, thread.frame_pointer);
        if (awaited_futex(thread.call) != 0) sight.wait = library_wait(thread.call, functions_.of(sight.stack));
        find_stream(streams_, sight);
        drop_library(sight.stack);
        return sight;
    }

    snapshot::Snapshot put_together(std::vector<Sight>&& sights, const LockWords& words, bool main_has_ended) {
        const ModuleTable modules(unwinder_.modules());
        StackTable stacks(modules);
        UnobservedThreads threads(core_.pid(), stacks, nullptr);
        threads.add(std::move(sights), words, main_has_ended && core_.pid() != 0,
                    [](uint64_t, uint32_t) { return true; });
        snapshot::Snapshot snapshot;
        snapshot.process = describe();
        snapshot.threads = threads.threads();
        mark_ending(snapshot);
        snapshot.lock_memory = threads.lock_memory();
        snapshot.created_total = static_cast<uint32_t>(snapshot.threads.size());
        snapshot.modules = modules.latest();
        snapshot.wakers.unknown = true;
        add_notes(words, snapshot.notes);
        for (std::string& note : stacks.notes()) snapshot.notes.push_back(std::move(note));
        snapshot.stacks = stacks.take();
        return snapshot;
    }

    snapshot::Process describe() const {
        snapshot::Process process;
        process.pid = core_.pid();
        process.ppid = core_.parent();
        process.exe = memory_.path_at(core_.entry_point());
        for (size_t at = 0; at < core_.arguments().size();) {
            const size_t end = std::min(core_.arguments().find(' ', at), core_.arguments().size());
            if (end > at) process.command.push_back(core_.arguments().substr(at, end - at));
            at = end + 1;
        }
        process.observed = false;
        process.reason = snapshot::Reason::kPostMortem;
        process.uptime_seconds = std::numeric_limits<double>::quiet_NaN();
        process.at_rest = true;
        if (core_.signal() != 0) {
            process.end = snapshot::End::kSignal;
            process.status = 128 + core_.signal();
        }
        return process;
    }

    /// The thread that raised the signal is written first. One that another process sent may have met
    /// any thread, in whatever wait: that one is stuck as the others are.
    void mark_ending(snapshot::Snapshot& snapshot) const {
        const CoreThread& first = core_.threads().front();
        if (core_.signal() == 0 || !first.call.running) return;
        for (snapshot::Thread& thread : snapshot.threads)
            thread.ends_process = thread.tid == first.tid && !thread.finished;
    }

    void add_notes(const LockWords& words, std::vector<std::string>& notes) const {
        if (std::string note = memory_.note(); !note.empty()) notes.push_back(std::move(note));
        if (std::string unseen = unseen_of(program_kind(memory_.path_at(core_.entry_point()))); !unseen.empty()) {
            notes.push_back(std::move(unseen));
        }
        if (!words.failure.empty()) notes.push_back("the core does not have all locks that threads wait for");
    }

    CoreFile core_;
    CoreMemory memory_;
    unwind::Unwinder unwinder_;
    WaitingFunctions functions_;
    StreamLocks streams_;
};

}  // namespace

snapshot::Snapshot look_at_core(const std::string& path) {
    return CoreLook(path).take();
}

}  // namespace reader
