// SPDX-License-Identifier: Apache-2.0
//
// The slow paths of this_thread(): start of the library, threads not made by pthread_create, moving
// the main thread into a new recording, and the first call in a forked child.
#include "preload/threads/this_thread.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "preload/notes/inherited_holds.h"
#include "preload/notes/wakers.h"
#include "preload/process/clock.h"
#include "preload/process/environment.h"
#include "preload/process/foreign_runtime.h"
#include "preload/process/process_end.h"
#include "preload/process/recording.h"
#include "preload/process/restriction.h"
#include "preload/raw_syscall.h"
#include "preload/real.h"
#include "preload/report/report_signal.h"
#include "preload/report/reporter.h"
#include "preload/stacks/modules.h"
#include "preload/stacks/scratch_stack.h"
#include "preload/stacks/stack_table.h"
#include "preload/threads/thread_end.h"
#include "preload/threads/thread_id.h"
#include "preload/threads/thread_slots.h"
#include "protocol/seqlock.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif

namespace preload {

using protocol::Origin;
using protocol::ThreadRecord;

__thread uintptr_t current_record __attribute__((tls_model("initial-exec"))) = 0;

namespace {

constinit ProcessMark unmarked{0, 1};
constinit Environment environment{};

/// The main thread's record until there is a recording.
alignas(64) constinit ThreadRecord early_record{};

enum class Start : int { kNotYet, kUnderway, kDone, kNever };
constinit std::atomic<Start> start{Start::kNotYet};

/// One thread at a time makes the recording; who comes second records nothing for that call.
constinit std::atomic<bool> making_recording{false};
constinit bool recording_failed = false;

void mark_process() {
    const long page = raw_syscall(SYS_mmap, 0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page < 0 && page > -4096) return;
    if (raw_syscall(SYS_madvise, page, 4096, MADV_WIPEONFORK) != 0) {
        raw_syscall(SYS_munmap, page, 4096);
        return;
    }
    auto* const mark = reinterpret_cast<ProcessMark*>(page);
    *mark = {1, 1};
    process_mark = mark;
}

/// The main thread's stack may grow down to its limit; what lies above the stack pointer is mapped.
void note_main_stack(ThreadRecord* record) {
    constexpr uint64_t kMost = 64 << 20;
    rlimit limit{};
    raw_syscall(SYS_prlimit64, 0, RLIMIT_STACK, 0, as_argument(&limit));
    const uint64_t bytes = limit.rlim_cur < kMost ? limit.rlim_cur : kMost;
    const uint64_t high = environment.stack_end;
    record->stack_high.store(high, std::memory_order_relaxed);
    record->stack_low.store(high > bytes ? high - bytes : 0, std::memory_order_relaxed);
}

void fill_main(ThreadRecord* record, Origin origin) {
    const bool is_outermost = protocol::begin_write(record->sequence);
    record->origin.store(origin, std::memory_order_relaxed);
    record->number.store(1, std::memory_order_relaxed);
    const long pid = raw_syscall(SYS_getpid);
    record->tid.store(pid > 0 ? static_cast<uint32_t>(pid) : noted_thread_id(), std::memory_order_relaxed);
    record->created_ns.store(now_ns(), std::memory_order_relaxed);
    uint64_t name[2];  // what exec gave it: after the process' death nothing else has it
    if (raw_syscall(SYS_prctl, PR_GET_NAME, as_argument(name)) == 0) {
        for (size_t i = 0; i < 2; ++i) record->name[i].store(name[i], std::memory_order_relaxed);
    }
    record->handle.store(pthread_self(), std::memory_order_relaxed);
    note_main_stack(record);
    record->life.store(protocol::kLifeUsed | protocol::kLifeStarted, std::memory_order_relaxed);
    protocol::end_write(record->sequence, is_outermost);
}

/// Copies all but the sequence, which stays the slot's own.
void move_record(ThreadRecord* to, const ThreadRecord* from) {
    const bool is_outermost = protocol::begin_write(to->sequence);
    constexpr size_t kSkipped = offsetof(ThreadRecord, number);
    memcpy(reinterpret_cast<char*>(to) + kSkipped, reinterpret_cast<const char*>(from) + kSkipped,
           sizeof(ThreadRecord) - kSkipped);
    protocol::end_write(to->sequence, is_outermost);
}

/// Slot 0 is the main thread's, whoever makes the recording.
void begin_recording() {
    const char* const chosen = report_options().directory;
    const char* const directory = chosen[0] != '\0' ? chosen : environment.directory;
    const bool made =
        process != nullptr || make_recording({directory, early_record.created_ns.load(std::memory_order_relaxed),
                                              environment.command, run_number()});
    recording_failed = !made;
    if (!made || process->created_total.load(std::memory_order_relaxed) != 0) return;
    reset_stack_table();
    ThreadRecord* const main = take_slot(early_record.origin.load(std::memory_order_relaxed));
    if (main != nullptr) {
        move_record(main, &early_record);
        process_mark->fast = 0;  // the main thread finds its slot in find_this_thread
    }
    note_loaded_modules();
    // Under a command that is asked instead, nothing is installed.
    const ReportOptions& options = report_options();
    if (environment.supervisor_grace < 0 && options.on_signal && options.signal != 0 && !is_restricted()) {
        install_report_signal(options.signal);
    }
}

/// The first wait of a program may come on any stack: a handler's, a fiber's, the smallest that a thread may have.
bool open_recording() {
    if (process != nullptr) return true;
    if (recording_failed || is_restricted() || making_recording.exchange(true, std::memory_order_acquire)) return false;
    on_scratch_stack([] { begin_recording(); });
    const bool made = !recording_failed;
    making_recording.store(false, std::memory_order_release);
    return made;
}

bool is_main_thread() {
    const long pid = raw_syscall(SYS_getpid);
    const uint32_t main = pid > 0 ? static_cast<uint32_t>(pid) : early_record.tid.load(std::memory_order_relaxed);
    return thread_id() == main;
}

/// The main thread's record: slot 0, or the early one.
ThreadRecord* main_record() {
    if (process == nullptr) return &early_record;
    ThreadRecord* const slot = thread_slot(0);
    return slot == nullptr ? &early_record : slot;
}

ThreadRecord* adopt_main() {
    ThreadRecord* const record = main_record();
    current_record = reinterpret_cast<uintptr_t>(record);
    if (process_mark != &unmarked) process_mark->fast = 1;
    watch_thread_end(record);
    return record;
}

/// A thread that did not come through pthread_create: SIGEV_THREAD, raw clone, older than us.
ThreadRecord* adopt() {
    current_record = 1;
    initialize();
    const Start now = start.load(std::memory_order_acquire);
    if (now == Start::kNever) return nullptr;  // stays at 1: forwarded from now on
    if (now != Start::kDone) {
        current_record = 0;
        return nullptr;
    }
    if (is_main_thread()) return adopt_main();
    if (!open_recording()) {
        current_record = 0;
        return nullptr;
    }
    ThreadRecord* const record = take_slot(Origin::kAdopted);
    if (record == nullptr) return nullptr;  // stays at 1: counted once, forwarded from now on
    record->tid.store(thread_id(), std::memory_order_relaxed);
    record->handle.store(pthread_self(), std::memory_order_relaxed);
    current_record = reinterpret_cast<uintptr_t>(record);
    advance_life(record, protocol::kLifeStarted);
    watch_thread_end(record);
    return record;
}

/// The first call in a forked child: this thread is T1 of a new process. What it held, it holds, but for
/// what it shares with its parent.
ThreadRecord* start_after_fork() {
    const auto before = reinterpret_cast<uintptr_t>(record_in(current_record));
    current_record = 1;
    StackLimits limits{0, 0};  // the child goes on with the stack of whichever thread forked
    if (before != 0) limits = stack_limits(reinterpret_cast<const ThreadRecord*>(before));
    if (before != 0 && before != reinterpret_cast<uintptr_t>(&early_record)) {
        move_record(&early_record, reinterpret_cast<const ThreadRecord*>(before));
        for (protocol::Hold& hold : early_record.holds) hold.stack.store(0, std::memory_order_relaxed);
        memset(static_cast<void*>(early_record.signals), 0, sizeof(early_record.signals));
        early_record.created_stack.store(0, std::memory_order_relaxed);
        early_record.label.store(0, std::memory_order_relaxed);  // its text is in the parent's recording
        early_record.order_block.store(0, std::memory_order_relaxed);
        early_record.orders_lost.store(0, std::memory_order_relaxed);
        early_record.wait.kind.store(protocol::WaitKind::kNone, std::memory_order_relaxed);
        // The parent has gone on meanwhile and may have replaced it, by memory that only the parent has.
        early_record.memo.store(0, std::memory_order_relaxed);
        early_record.memo_user.store(0, std::memory_order_relaxed);
    }
    keep_inherited_holds(&early_record);
    abandon_recording();
    forget_unfinished_installation();
    keep_inherited_wakers();
    forget_end();
    free_scratch_stacks();
    recording_failed = false;
    making_recording.store(false, std::memory_order_relaxed);
    fill_main(&early_record, Origin::kForked);
    early_record.stack_low.store(limits.low, std::memory_order_relaxed);
    early_record.stack_high.store(limits.high, std::memory_order_relaxed);
    *process_mark = {1, 1};
    current_record = reinterpret_cast<uintptr_t>(&early_record);
    if (environment.directory[0] != '\0') open_recording();
    return find_this_thread();
}

}  // namespace

constinit ProcessMark* process_mark = &unmarked;

void initialize() {
    Start expected = Start::kNotYet;
    if (!start.compare_exchange_strong(expected, Start::kUnderway, std::memory_order_acquire)) return;
    real::resolve_all();
    if (must_stay_out()) {
        dlerror();  // of what another libc lacks, which was no error of the program
        stays_out = true;
        start.store(Start::kNever, std::memory_order_release);
        return;
    }
    real::sem_wait_at_once = real::sem_trywait;
    find_clock();
    read_environment(environment);
    if (environment.supervisor_grace < 0) prepare_reports(environment.options, environment.variables);
    fill_main(&early_record, Origin::kMain);
    make_thread_end_key();
    mark_process();
    // Under a command the recording is also the proof that this process was observed.
    if (environment.directory[0] != '\0') open_recording();
    start.store(Start::kDone, std::memory_order_release);
}

ThreadRecord* find_this_thread() {
    if ((current_record & kMayBeChild) != 0 && process_mark->ours != 0) {
        // The parent again, or its child, whose doings are none of the parent's.
        ThreadRecord* const record = record_in(current_record);
        if (!is_really(record)) return nullptr;
        current_record = reinterpret_cast<uintptr_t>(record);
    }
    const uintptr_t value = current_record;
    if ((value & (kForwardOnly | kMayBeChild)) == kForwardOnly) return nullptr;
    if (process_mark == &unmarked) {
        if (start.load(std::memory_order_acquire) == Start::kDone) return nullptr;  // no page for the mark
        return adopt();
    }
    if (process_mark->ours == 0) return start_after_fork();
    if (process_mark->fast == 0 && value == reinterpret_cast<uintptr_t>(&early_record)) {
        // The recording was made since: slot 0 is this record's place. Moved again, as the thread
        // went on with the early one.
        ThreadRecord* const slot = main_record();
        if (slot != &early_record) move_record(slot, &early_record);
        current_record = reinterpret_cast<uintptr_t>(slot);
        process_mark->fast = 1;
        return slot;
    }
    return value == 0 ? adopt() : reinterpret_cast<ThreadRecord*>(value);
}

/// For vfork_stub.S: a thread's first call.
extern "C" __attribute__((visibility("hidden"))) void loiter_adopt_thread() {
    this_thread();
}

bool is_really(const ThreadRecord* self) {
    return is_restricted() || self->tid.load(std::memory_order_relaxed) == thread_id();
}

ThreadRecord* ensure_recording(ThreadRecord* self) {
    // A child of vfork would make its parent's recording, as its own.
    if (process != nullptr || !is_really(self) || !open_recording()) return self;
    ThreadRecord* const found = find_this_thread();
    return found == nullptr ? self : found;
}

bool is_own_process() {
    return process_mark->ours != 0 && process_mark != &unmarked &&
           (process == nullptr || is_restricted() || process->pid == static_cast<uint32_t>(raw_syscall(SYS_getpid)));
}

int64_t supervisor_grace_ms() {
    return environment.supervisor_grace;
}

uint32_t run_number() {
    return environment.run;
}

const char* run_directory() {
    return environment.supervisor_grace >= 0 ? environment.directory : "";
}

}  // namespace preload
