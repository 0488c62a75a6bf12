// SPDX-License-Identifier: Apache-2.0
//
// The recording: what the library in the target writes and every reader copies. Both processes
// compile this file, so it holds plain standard-layout structs and nothing else.
//
//   offset 0          ProcessRecord      head; its presence proves that the process was observed
//   regions[kThreads] ThreadRecord[]     one slot a thread
//   regions[kStacks]  StackHeader + pcs  append-only arena of interned stacks: see stacks.h
//   regions[kModules] ModuleRecord[]     loaded objects, append-only
//
// Compatibility: fields may be added at the end of a struct without a new version; readers copy
// min(recorded size, sizeof) and zero the rest. Anything else bumps kVersion, and a reader refuses
// other versions. Readers trust no field: see src/read.
//
// Times are CLOCK_MONOTONIC nanoseconds; 0 means "not known". Unless a field says otherwise it is
// written by the target, by the thread that owns the record, with relaxed stores.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "protocol/lock_orders.h"
#include "protocol/locks.h"
#include "protocol/stacks.h"

namespace protocol {

inline constexpr uint64_t kMagic = 0x31307265'74696f6cULL;  // "loiter01" in memory
inline constexpr uint32_t kVersion = 1;
inline constexpr char kFilePrefix[] = "loiter-";  // loiter-PID-STARTTICKS-NONCE
/// So many recordings of dead processes are kept in a folder, the newest ones.
inline constexpr uint32_t kKeptRecordings = 64;

/// Beside the recordings of a run: loiter-exec-PID-RUN-NANOSECONDS, a symbolic link that is made right
/// before an exec and removed where that fails. Its text is a letter and the program's path. The letter:
/// the first one where the new program keeps LD_PRELOAD and LOITER_DIR, the second where it does not.
inline constexpr char kExecNotePrefix[] = "loiter-exec-";
inline constexpr char kExecNoteKinds[] = "ks";
/// By the parent, of a child of posix_spawn that may have begun its recording already.
inline constexpr char kSpawnNoteKinds[] = "KS";

inline constexpr uint32_t kHoldCount = 96;
inline constexpr uint32_t kSignalCount = 32;
inline constexpr uint32_t kForeignUnlockCount = 256;
inline constexpr size_t kChunkBytes = 16 * 1024;  ///< regions are committed in units of this

/// How much room a recording reserves; smaller where RLIMIT_AS or RLIMIT_FSIZE ask for it.
struct Capacity {
    uint32_t threads;
    uint32_t stack_bytes;
    uint32_t modules;
};
inline constexpr Capacity kCapacities[] = {
    {16384, 64U << 20, 2048}, {2048, 16U << 20, 512}, {256, 2U << 20, 256}, {32, 256U << 10, 128}};

/// Where the address space has a limit, a recording takes at most one part in so many of it.
inline constexpr uint64_t kAddressSpaceShare = 32;

enum class WaitKind : uint8_t {
    kNone,
    kMutex,
    kRwlockRead,
    kRwlockWrite,
    kSpin,
    kCondition,
    kSemaphore,
    kBarrier,
    kJoin,
    kOnce,
    kFutex,
    kSleep,
    kIo,
    kFileLock,
    kChild,
    kSignal,
    kCustomLock,  ///< a lock of the program's own, by its own word: include/loiter/loiter.h
};
inline constexpr uint8_t kLastWaitKind = static_cast<uint8_t>(WaitKind::kCustomLock);

/// Bits of Wait::flags.
inline constexpr uint8_t kWaitTimed = 1;           ///< bounded: `deadline_ns` says until when
inline constexpr uint8_t kWaitPrefersWriters = 2;  ///< rwlock: a queued writer blocks new readers
inline constexpr uint8_t kWaitForeignStack = 4;    ///< waiter runs on a stack that is not its thread's
inline constexpr uint8_t kWaitShared = 8;          ///< custom lock: wanted for reading

/// Life of a hold entry. Only kHeld and kReleasing own the lock; kReleasing may have let it go.
enum class HoldState : uint32_t {
    kFree,
    kReserved,   ///< being filled; nothing in it counts
    kAcquiring,  ///< filled; the real call has not returned yet
    kHeld,
    kReleasing,  ///< the real unlock has begun
    kLent,       ///< given up for the time of a condition wait
};
inline constexpr uint32_t kLastHoldState = static_cast<uint32_t>(HoldState::kLent);

/// Bits of Hold::detail; the first three of a mutex.
inline constexpr uint16_t kHoldRobust = 1;   ///< the kernel takes it from a dead owner
inline constexpr uint16_t kHoldPrecise = 2;  ///< `since_ns` is not rounded down to a clock tick
/// Another thread signalled a condition on which nobody waited, and held no lock, during this hold (set by
/// that thread).
inline constexpr uint16_t kHoldSignalled = 4;
inline constexpr uint16_t kHoldInherited = 8;  ///< spin, custom: before the fork; in shared memory the parent's alone

/// One thread's ownership of one lock. Slots are reused; `state` is stored last.
struct Hold {
    std::atomic<HoldState> state;  ///< also freed, by compare-and-swap, by a foreign unlock
    LockKind kind;
    Mode mode;
    /// Bits kHold*; once: counts the initializers that the thread is in, 1 for the outermost.
    uint16_t detail;
    std::atomic<uint64_t> address;   ///< of the lock
    std::atomic<uint64_t> since_ns;  ///< acquired; at clock tick resolution (about 4 ms)
    std::atomic<uint32_t> stack;     ///< where it was acquired; stack id, 0: not captured
    std::atomic<uint32_t> depth;     ///< recursive acquisitions, 1 for the first
};
static_assert(sizeof(Hold) == 32, "layout change: bump kVersion");

/// The blocking call a thread is in now. Published before the call, cleared after it.
struct Wait {
    std::atomic<WaitKind> kind;  ///< kNone: not in a wrapper
    std::atomic<uint8_t> flags;
    std::atomic<uint16_t> function;  ///< row of protocol/interposed.inc, counted from 1
    std::atomic<uint32_t> stack;     ///< block site; stack id, 0: not captured
    /// Lock, condition, semaphore; join: the pthread_t; io on System V queues and semaphores: their id.
    std::atomic<uint64_t> object;
    /// Condition: its mutex; join: thread number or 0; barrier: how many it waits for, 0: not known;
    /// futex: see futex_detail; io: descriptor or kNoDescriptor; file lock: see file_lock_detail; child: see
    /// kChildDescriptor; signal: the set waited for, signal n at bit n - 1, 0: not known.
    std::atomic<uint64_t> detail;
    std::atomic<uint64_t> since_ns;     ///< kinds kIo to kSignal: at clock tick resolution (about 4 ms)
    std::atomic<uint64_t> deadline_ns;  ///< 0: untimed or not known
    std::atomic<uint64_t> frame;        ///< stack pointer of the wrapper: tells an abandoned wait
    std::atomic<uint32_t> serial;       ///< counts this thread's waits: equal serial, same wait
    uint32_t reserved;
};
static_assert(sizeof(Wait) == 56, "layout change: bump kVersion");

/// Wait::detail of a futex: the expected value in the lower half, the operation with its flags in bits
/// 32-47. Above them, how many futexes a thread waits for at once, of which `object` is the first.
inline constexpr uint32_t kFutexWaitv = 1U << 15;  ///< operation of futex_waitv, which is a call of its own
inline constexpr uint64_t futex_detail(uint32_t expected, uint32_t operation, uint32_t count = 1) {
    return expected | uint64_t{operation & 0xffff} << 32 | uint64_t{count & 0xffff} << 48;
}

/// Wait::detail of io on many descriptors, or on none.
inline constexpr uint64_t kNoDescriptor = ~uint64_t{0};

/// Which of the kernel's locks on a file: of the open file as a whole (flock), of a range and the process
/// (fcntl F_SETLKW, lockf), of a range and the open file (fcntl F_OFD_SETLKW).
enum class FileLockKind : uint8_t { kFlock, kProcess, kOpenFile };

/// Wait::detail of a file lock: the descriptor in the lower half, the kind in bits 32-39; bit 40: shared.
inline constexpr uint64_t kFileLockShared = uint64_t{1} << 40;
inline constexpr uint64_t file_lock_detail(int descriptor, FileLockKind kind, bool is_shared) {
    return static_cast<uint32_t>(descriptor) | uint64_t{static_cast<uint8_t>(kind)} << 32 |
           (is_shared ? kFileLockShared : 0);
}

/// Wait::detail of a wait for a child: as waitpid's first argument, sign-extended (> 0: that child, 0: of the
/// caller's process group, -1: any, below: of the process group with that number). Where the upper half is
/// that of kChildDescriptor, the lower one is a descriptor of the child.
inline constexpr uint64_t kChildDescriptor = uint64_t{1} << 32;

enum class SignalKind : uint8_t { kNone, kSignal, kBroadcast, kPost, kWake, kTake };

/// LastSignal::object of what a thread has taken, or given back, and other processes may wait for: no address of
/// theirs is an object of this one. kTake: it took it last, kPost: it gave it back.
inline constexpr uint64_t kTakenSemaphore = uint64_t{1} << 63;  ///< and its address
inline constexpr uint64_t kTakenFile = uint64_t{1} << 62;       ///< and the descriptor, from kTakenFileShift on
inline constexpr uint64_t kTakenFileKind = 15;                  ///< mask of it: one more than the lock's; 0: not known
inline constexpr uint64_t kTakenSystemV = uint64_t{1} << 61;    ///< and the set's id, and the number above bit 32
/// So high that one descriptor after the other has an entry of its own in the table.
inline constexpr uint32_t kTakenFileShift = 40;
inline constexpr uint64_t taken_file(int descriptor, FileLockKind kind) {
    const uint64_t shifted = uint64_t{static_cast<uint32_t>(descriptor) & 0xfffff} << kTakenFileShift;
    return kTakenFile | shifted | (uint64_t{static_cast<uint8_t>(kind)} + 1);
}
inline constexpr uint64_t taken_system_v(int set, uint16_t number) {
    return kTakenSystemV | uint64_t{number} << 32 | static_cast<uint32_t>(set);
}
/// Bits of LastSignal::flags.
inline constexpr uint8_t kSignalUnlocked = 1;  ///< its thread held no lock
inline constexpr uint8_t kSignalLooked = 2;    ///< locks that others held then are marked kHoldSignalled
inline constexpr uint8_t kSignalPast = 4;      ///< of the thread that had the slot before: past_number
inline constexpr uint8_t kSignalGuarded = 8;   ///< `guard` is known

/// This thread's last signal, broadcast, post or wake on an object: direct-mapped by the object's address.
struct LastSignal {
    std::atomic<uint64_t> object;  ///< stored last; 0: entry empty
    std::atomic<uint64_t> time_ns;
    std::atomic<uint32_t> stack;
    std::atomic<SignalKind> kind;
    std::atomic<uint8_t> waiters;  ///< threads that waited then, and one more; 0: not known, 255: so many or more
    std::atomic<uint8_t> flags;
    std::atomic<uint8_t> guard;  ///< guard_mark of the only lock that its thread held, or that it gave up last
};
static_assert(sizeof(LastSignal) == 24, "layout change: bump kVersion");

/// How a thread came to be known.
enum class Origin : uint8_t { kMain, kCreated, kAdopted, kForked };

/// What a slot of the region is used for. Those that are no thread's have number 0, as free ones do.
enum class SlotUse : uint8_t { kThread, kOrders, kCreations, kTurns };

/// Bits of ThreadRecord::life: set with fetch_or, by whoever sees the event.
inline constexpr uint32_t kLifeUsed = 1;           ///< slot taken (creator)
inline constexpr uint32_t kLifeStarted = 2;        ///< running (thread itself)
inline constexpr uint32_t kLifeExiting = 4;        ///< pthread_exit called or start routine returned (thread)
inline constexpr uint32_t kLifeFinished = 8;       ///< past its last destructor (thread itself)
inline constexpr uint32_t kLifeJoined = 16;        ///< (joiner)
inline constexpr uint32_t kLifeDetached = 32;      ///< (creator or detacher)
inline constexpr uint32_t kLifeReclaimed = 64;     ///< somebody is freeing the slot
inline constexpr uint32_t kLifeDiedHolding = 128;  ///< ended with locks held: counted in dead_holders

/// Bits of ThreadRecord::remarks: what the program itself said of a thread.
inline constexpr uint32_t kRemarkExpected = 1;      ///< it is meant to stay
inline constexpr uint32_t kRemarkNextExpected = 2;  ///< the next thread that it creates is

/// One thread. Slots are reused, numbers never. A slot is freed when its thread has finished, was
/// joined or detached, and holds nothing: until then a dead owner of a lock keeps its slot.
struct alignas(64) ThreadRecord {
    std::atomic<uint32_t> sequence;       ///< seqlock.h; covers all but the foreign words
    std::atomic<uint32_t> number;         ///< T<number>, 1 is main; 0: slot free (written by the creator)
    std::atomic<uint32_t> tid;            ///< kernel id in the target's pid namespace; 0: not started
    std::atomic<uint32_t> created_by;     ///< number of the creator; 0: not known
    std::atomic<uint32_t> created_stack;  ///< stack id (creator)
    std::atomic<Origin> origin;
    std::atomic<SlotUse> use;
    uint8_t reserved0[2];
    std::atomic<uint64_t> created_ns;
    std::atomic<uint64_t> finished_ns;
    std::atomic<uint64_t> start_routine;
    std::atomic<uint64_t> start_argument;  ///< for the library's own use between creator and thread
    std::atomic<uint64_t> handle;          ///< pthread_t

    /// Foreign words: written by others, by atomic read-modify-write only, on a line of their own.
    alignas(64) std::atomic<uint32_t> life;
    std::atomic<uint32_t> next_free;  ///< slot index + 1 of the next free slot (allocator)
    std::atomic<uint64_t> name[2];    ///< 15 bytes and NUL, as pthread_setname_np gave it
    std::atomic<uint32_t> label;      ///< of its work: text id; creator's at first, then its own; 0: none
    std::atomic<uint32_t> remarks;    ///< bits kRemark* (creator, then the thread itself)
    // Of the thread itself, and rarely written.
    std::atomic<uint32_t> past_number;  ///< thread that had the slot before; see kSignalPast
    std::atomic<uint32_t> order_block;  ///< slot index + 1 of this thread's OrderBlock; 0: none yet
    std::atomic<uint32_t> orders_lost;  ///< edges that found no room
    std::atomic<uint64_t> clock_ns;     ///< for the library's own use, both: see preload's counted_ns
    std::atomic<uint64_t> clock_count;

    alignas(64) Wait wait;
    std::atomic<uint32_t> hold_hint;   ///< above all entries that are taken; no meaning for readers
    std::atomic<uint32_t> holds_lost;  ///< holds that found no free entry
    std::atomic<uint64_t> stack_low;   ///< this thread's stack, for the library's own use; 0: not known
    std::atomic<uint64_t> stack_high;
    std::atomic<uint64_t> memo;       ///< address of preload's StackMemo, for the library's own use
    std::atomic<uint64_t> memo_user;  ///< frame that is using it; 0: none
    /// Where the call of `wait` returns to; what is known of it where kinds kIo and up have no stack.
    std::atomic<uint64_t> wait_caller;
    std::atomic<uint64_t> stack_tick;  ///< for the library's own use
    std::atomic<uint32_t> stacks_in_tick;
    /// Entries of `holds` from here on were never used by this thread; for the library's own use.
    std::atomic<uint32_t> holds_end;
    alignas(64) Hold holds[kHoldCount];
    LastSignal signals[kSignalCount];
    uint8_t reserved1[4096 - 256 - kHoldCount * sizeof(Hold) - kSignalCount * sizeof(LastSignal)];
};
static_assert(sizeof(ThreadRecord) == kSlotBytes, "layout change: bump kVersion");

enum RegionKind : uint32_t { kThreads, kStacks, kModules, kRegionCount };

struct Region {
    uint64_t offset;  ///< from the start of the recording, page-aligned
    uint64_t bytes;   ///< reserved
    uint32_t stride;  ///< bytes an element; stacks: 8
    uint32_t reserved;
    std::atomic<uint64_t> committed;  ///< bytes that may be touched, any thread raises it
    std::atomic<uint64_t> used;       ///< bytes handed out, any thread raises it; may pass `bytes`
};
static_assert(sizeof(Region) == 40, "layout change: bump kVersion");

enum class End : uint32_t { kNone, kReturn, kExit, kUnderscoreExit, kQuickExit, kExec };

/// Bits of ProcessRecord::wakers: what could yet wake a thread, were all of them asleep.
inline constexpr uint32_t kWakerHandler = 1;      ///< the program has installed a signal handler
inline constexpr uint32_t kWakerTimer = 2;        ///< it has made a timer that signals or starts a thread
inline constexpr uint32_t kWakerCancel = 4;       ///< it has called pthread_cancel
inline constexpr uint32_t kWakerShared = 8;       ///< it has made a lock that other processes may share
inline constexpr uint32_t kWakerCompletion = 16;  ///< it has asked for work of whose end a thread of libc's tells

/// ProcessRecord::phase.
enum class Phase : uint32_t {
    kRunning,
    kEnding,   ///< the end was reached: leftover threads have their grace time
    kWaiting,  ///< the target waits, bounded, for `answer`: threads can be looked at now
    kDone,
};

/// ProcessRecord::answer, written by the command with pwrite.
enum class Answer : uint32_t { kNone, kSeen, kDone };

enum class MisuseKind : uint8_t {
    kNone,
    kForeignUnlock,      ///< a lock was unlocked by a thread that did not hold it
    kDestroyedLocked,    ///< a lock was destroyed while `other_thread` held it
    kDestroyedWaited,    ///< a condition was destroyed while threads waited on it
    kRelocked,           ///< a thread locked again what it held, and may not
    kExitedHolding,      ///< a thread ended, and a lock was still its own
    kUnjoinedDestroyed,  ///< std::terminate was called for a std::thread that was neither joined nor detached
};

/// Something that a program must not do, seen as it was done.
struct Misuse {
    std::atomic<MisuseKind> kind;  ///< stored last (release, pairs with the reader's copy)
    LockKind lock_kind;
    uint8_t reserved[2];
    uint32_t stack;  ///< where; stack id, 0: not captured
    uint64_t object;
    uint64_t time_ns;
    uint32_t thread;
    uint32_t other_thread;  ///< the one that it was done to; 0: none, or not known
};
static_assert(sizeof(Misuse) == 32, "layout change: bump kVersion");
inline constexpr uint32_t kMisuseCount = 40;

/// Why nothing more is recorded.
enum class Stopped : uint32_t { kNo, kNoRoom };

/// The head of the recording.
struct ProcessRecord {
    uint64_t magic;    ///< kMagic, stored last at creation
    uint32_t size;     ///< sizeof(ProcessRecord) of the writer
    uint32_t version;  ///< kVersion of the writer
    uint64_t nonce;    ///< tells images of one pid apart (exec keeps pid and start time)
    uint32_t pid;      ///< in the target's pid namespace
    uint32_t ppid;
    uint32_t uid;
    uint32_t reserved0;
    uint64_t start_ticks;    ///< field 22 of /proc/PID/stat; 0: no /proc
    uint64_t pid_namespace;  ///< inode of /proc/self/ns/pid; 0: not known
    uint8_t boot_id[16];     ///< all zero: not known
    uint64_t started_ns;
    int64_t started_realtime_ns;
    uint64_t base;  ///< address of the recording in the target
    uint32_t thread_record_size;
    uint32_t module_record_size;
    Region regions[kRegionCount];

    std::atomic<uint32_t> created_total;  ///< last thread number given out
    std::atomic<uint32_t> generation;     ///< raised by every dlclose
    std::atomic<uint64_t> free_slots;     ///< allocator: tag << 32 | slot index + 1
    std::atomic<uint64_t> threads_lost;
    std::atomic<uint64_t> holds_lost;  ///< of threads without a record; see ThreadRecord::holds_lost
    std::atomic<uint64_t> stacks_lost;
    std::atomic<Stopped> stopped;

    std::atomic<Phase> phase;
    std::atomic<End> end;
    std::atomic<int32_t> status;       ///< argument of exit and its kin; -1: not known
    std::atomic<uint32_t> ended_by;    ///< number of the thread that ends the process
    std::atomic<Answer> answer;        ///< (command)
    std::atomic<uint64_t> ended_ns;    ///< (target; the command, for a target that was killed)
    std::atomic<int32_t> wait_status;  ///< (command) as waitpid gave it; valid with has_wait_status
    std::atomic<uint32_t> has_wait_status;

    uint32_t command_bytes;  ///< used bytes of `command`
    uint32_t command_truncated;
    char exe[1024];      ///< NUL-terminated
    char command[2048];  ///< arguments, each NUL-terminated

    /// Kernel id of the thread that ends the process, which may have given its record back already.
    std::atomic<uint32_t> ended_by_tid;
    std::atomic<uint32_t> dead_holders;      ///< ended threads that keep their record for locks they hold
    std::atomic<uint32_t> report_signal;     ///< its handler is ours; 0: none is
    std::atomic<uint32_t> in_report_signal;  ///< threads in that handler now
    std::atomic<uint32_t> wakers;            ///< bits kWaker*, set by any thread, never cleared
    std::atomic<uint64_t> free_blocks;       ///< as free_slots, of the blocks of ended threads
    std::atomic<uint64_t> orders_lost;       ///< of threads that have ended; see ThreadRecord::orders_lost
    /// Bits of locks that are in some edge, so that most that are destroyed need not be looked for.
    std::atomic<uint64_t> ordered_locks[4];
    std::atomic<uint32_t> last_block;  ///< slot index + 1 of the block taken last; 0: none
    std::atomic<uint32_t> blocks;      ///< slots taken for them
    uint32_t run;                      ///< which run of the command it is of; 0: of none
    std::atomic<uint32_t> grace_over;  ///< (command, target) leftover threads get no more time
    /// Programs that this process and its children were to execute, and could not note in the folder of the run.
    std::atomic<uint32_t> exec_notes_lost;
    /// Signal n at bit n - 1: its handler is ours while leftover threads have their grace time, or since then.
    std::atomic<uint64_t> grace_signals;

    /// Locks that were unlocked by a thread that did not own them: direct-mapped by address, any
    /// thread, never cleared. A proof on such a lock is only likely.
    alignas(4096) std::atomic<uint64_t> foreign_unlocks[kForeignUnlockCount];
    std::atomic<uint32_t> foreign_unlocks_lost;  ///< 1: the table overflowed, every lock may be one

    /// What the program named: ids of the newest text, and lock's name, of each bucket. Any thread, release.
    std::atomic<uint32_t> texts[kTextBuckets];
    std::atomic<uint32_t> lock_names[kTextBuckets];
    std::atomic<uint32_t> text_count;    ///< of both; see kMaxTexts
    std::atomic<uint32_t> misuses_seen;  ///< those beyond kMisuseCount have found no room
    Misuse misuses[kMisuseCount];
    std::atomic<uint32_t> creation_blocks[kCreationBuckets];  ///< slot index + 1 of each bucket's; 0: none yet
    std::atomic<uint32_t> turn_block;                         ///< slot index + 1 of the TurnBlock; 0: none yet
};
inline constexpr size_t kHeadBytes = 8192;
static_assert(offsetof(ProcessRecord, foreign_unlocks) == 4096, "heads that hold no note fit a page");
static_assert(sizeof(ProcessRecord) <= kHeadBytes, "layout change: bump kVersion");
/// Where an address belongs in a direct-mapped table of `count` entries (a power of two).
inline constexpr uint32_t table_index(uint64_t address, uint32_t count) {
    return static_cast<uint32_t>((address * 0x9e3779b97f4a7c15ULL) >> 40) & (count - 1);
}

/// LastSignal::guard of a lock: one of 256, so that "not this one" is certain and "this one" is not.
inline constexpr uint8_t guard_mark(uint64_t lock) {
    return static_cast<uint8_t>(table_index(lock, 256));
}
static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<ThreadRecord> && std::is_standard_layout_v<ProcessRecord>);

}  // namespace protocol
