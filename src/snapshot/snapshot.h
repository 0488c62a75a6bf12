// SPDX-License-Identifier: Apache-2.0
//
// What a reader knows of one process at one moment: plain values, copied out of the recording and
// /proc, with no idea of where they came from. Filled by `read`, named by `symbolize`, judged by
// `analyze`, printed by `render`.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace snapshot {

/// Why the snapshot was taken.
enum class Reason { kExit, kSignal, kDump, kWatch, kTimeout, kPostMortem };

/// How the process ended; kAlive: it had not.
enum class End { kReturn, kExit, kUnderscoreExit, kQuickExit, kExec, kSignal, kAlive, kUnknown };

enum class State {
    kUnknown,
    kRunning,
    kMutexLock,
    kRwlockRead,
    kRwlockWrite,
    kSpinLock,
    kCustomLock,  ///< of the program's own, by its own word
    kConditionWait,
    kSemaphore,
    kBarrier,
    kJoin,
    kOnce,
    kFutex,
    kSleep,
    kSpinning,
    kIo,  ///< see Thread::io_function
    kFileLock,
    kChildWait,
    kSignalWait,
    kExited,
};

enum class LockKind {
    kUnknown,
    kMutex,
    kRwlock,
    kSpin,
    kOnce,
    kCondition,
    kSemaphore,
    kBarrier,
    kThread,
    kFutex,
    kFile,
    kCustom  ///< a lock of the program's own, by its own word
};
enum class Mode { kExclusive, kShared };

/// What a frame is of. Python's are told by its interpreter, whose own frames are native.
enum class Language {
    kNative,
    kPython,
    kJit,  ///< compiled at run time: no file has the code
};

/// One place in a program. `read` fills address, module, offset and is_return_address; `symbolize`
/// the rest, and adds a Frame with `inlined` for every call that was inlined there.
struct Frame {
    uint64_t address = 0;
    std::string module;             ///< path; empty: not known
    std::string build_id;           ///< lower-case hex; empty: none
    uint64_t offset = 0;            ///< ELF virtual address within the module
    bool is_return_address = true;  ///< the call is the instruction before
    bool inlined = false;           ///< this call was inlined into the next frame
    std::string function;           ///< demangled; empty: not known
    std::string file;               ///< empty: not known
    int line = 0;                   ///< 0: not known
    Language language = Language::kNative;
    std::string calls;             ///< demangled: of another module, where the frame of that has no name
    bool signal_return = false;    ///< the kernel's way back from a signal handler, in place of its caller
    uint32_t left_out_before = 0;  ///< so many frames between the one before and this one are not kept
};

/// Innermost frame first. Index 0 of Snapshot::stacks is the empty stack.
struct Stack {
    std::vector<Frame> frames;
    bool truncated = false;   ///< deeper than was recorded, or followed
    bool incomplete = false;  ///< the outer frames could not be found
    bool moving = false;      ///< read while its thread ran: not proved to be of one moment
};
using StackIndex = uint32_t;

/// What a lock, condition, thread, ... is called: address always, name when a symbol covers it.
struct Object {
    LockKind kind = LockKind::kUnknown;
    uint64_t address = 0;
    std::string name;  ///< empty: no global symbol
    std::string noun;  ///< "latch": what `kind` is made into; empty: no more than its kind is known
};

struct Hold {
    Object lock;
    Mode mode = Mode::kExclusive;
    uint32_t depth = 1;
    bool releasing = false;   ///< its unlock has begun: proves nothing
    bool lent = false;        ///< given up for the time of a condition wait: owns nothing
    bool unrecorded = false;  ///< the lock's own memory alone tells of it
    bool in_doubt = false;    ///< taken before the fork that made the process: maybe its parent's alone
    std::optional<double> for_seconds;
    bool for_is_lower_bound = false;
    StackIndex acquired_at = 0;
};

/// The last thread that signalled, broadcast, posted or woke an object.
struct LastSignal {
    uint32_t thread = 0;
    std::optional<double> ago_seconds;
    bool ago_is_lower_bound = false;
    bool before_wait = false;
    std::optional<uint32_t> waiters;
    std::optional<bool> unlocked;  ///< it held no lock at all, so that the waiters' mutex was not its own; of no post
    StackIndex stack = 0;
};

/// A thread that once signalled an object, as far as that is still known.
struct Signaller {
    uint32_t thread = 0;
    bool exited = false;
    bool before_wait = false;  ///< its last time
};

struct Thread;

/// A semaphore of System V.
struct SemaphoreOfSet {
    uint32_t id = 0;      ///< of the set
    uint32_t number = 0;  ///< in it
};

/// Locks on files of one kind do not see those of flock; the others see each other.
enum class FileLockKind { kUnknown, kFlock, kProcess, kOpenFile };

/// A process that holds a lock which others wait for: on a file, or in memory that they share. Of which of its threads
/// took it, and where, its own recording may tell.
struct ProcessOwner {
    uint32_t pid = 0;
    uint32_t thread = 0;  ///< of that process; 0: not known
    std::string command;
    std::optional<int> descriptor;  ///< through which it holds the lock
    FileLockKind file_lock = FileLockKind::kUnknown;
    Mode mode = Mode::kExclusive;
    bool in_doubt = false;              ///< of a semaphore, which has no owner: it took it last
    uint32_t tid = 0;                   ///< of that thread; 0: not known
    uint64_t address = 0;               ///< of the lock, in that process
    std::optional<SemaphoreOfSet> set;  ///< what it took, where that is one
    std::string thread_name;
    std::optional<double> for_seconds;
    bool for_is_lower_bound = false;
    StackIndex acquired_at = 0;
    std::vector<Thread> now;  ///< that thread as it was found, at most one; what it waits for has no name
};

struct Wait {
    Object object;
    std::optional<uint32_t> expected;  ///< futex: value of the word that is waited on
    std::optional<uint32_t> value;     ///< of that word when the thread was seen to wait
    bool counts_down = false;          ///< that value is how many it still waits for
    Object mutex;                      ///< condition waits: the mutex given up; address 0: none
    std::optional<uint32_t> joins;     ///< join: the thread waited for
    std::vector<uint32_t> members;     ///< what is no lock, but ends only after these threads; ascending
    std::string detail;                ///< what `object` cannot say: "fd 5 tcp 127.0.0.1:80"
    bool destroys = false;             ///< `object`, which libc does not before its last waiter has left
    bool prefers_writers = false;      ///< rwlock: a queued writer blocks new readers
    bool wants_shared = false;         ///< custom lock: for reading
    bool shared = false;               ///< `object` lies, or may lie, where other processes can reach it
    bool signal_unknown = false;       ///< the note of a signal since it began may have been overwritten
    std::optional<LastSignal> last_signal;
    bool missed_signal = false;         ///< that came after the thread last locked `mutex`, and before this wait
    std::vector<Signaller> signallers;  ///< latest first
    std::optional<uint32_t> parties;    ///< barrier: how many it waits for
    std::vector<ProcessOwner> process_owners;
};

/// A thread that is not yet joined or gone, or a dead one that still owns a lock.
struct Thread {
    uint32_t id = 0;        ///< T<id>; never 0
    uint32_t tid = 0;       ///< as the reader's pid namespace numbers it; 0: not known
    std::string name;       ///< empty: none
    std::string label;      ///< what the program said it was created for, or works on; empty: nothing
    bool expected = false;  ///< the program said that it is meant to stay
    State state = State::kUnknown;
    std::string meaning;      ///< "future wait": what the wait is to the program; empty: not known
    std::string io_function;  ///< kIo: the libc function, "epoll_wait"
    bool timed = false;
    std::optional<double> for_seconds;
    bool for_is_lower_bound = false;
    std::optional<double> left_seconds;
    std::optional<double> timeout_seconds;  ///< the whole bound: "12s of 30s"
    std::optional<double> age_seconds;
    bool age_is_lower_bound = false;
    std::optional<double> cpu_seconds;
    std::optional<bool> detached;
    std::optional<double> cpu_share;  ///< of a processor, while it was looked at; 1: all of the time
    bool finished = false;            ///< its code has ended
    bool joined = false;
    bool ends_process = false;   ///< called exit, returned from main
    bool exiting = false;        ///< past pthread_exit or its start routine
    bool last_recorded = false;  ///< post mortem, in no wrapper: state and stack are of an earlier moment
    bool torn = false;           ///< its record never came to rest while it was read
    bool presumed = false;       ///< never seen: a lock's memory names it, and nobody who lives has its number
    bool settled = false;        ///< seen unchanged in two looks, or at rest: proofs may use it
    bool overdue = false;        ///< watch: its wait is older than the limit, and has not been reported before
    bool asleep = false;         ///< live: slept in this very wait at one moment, at which all threads slept
    StackIndex entry = 0;        ///< one frame: the start routine; 0: not known
    StackIndex stack = 0;
    bool stack_is_last_known = false;         ///< it runs, and was there some time ago
    bool evaded_stop = false;                 ///< it was to be stopped for its stack, in vain: the notes say why
    std::optional<double> stack_ago_seconds;  ///< how long ago
    uint32_t created_by = 0;                  ///< 0: not known
    StackIndex created_stack = 0;
    std::optional<Wait> wait;
    std::vector<Hold> holds;
};

/// What libc's own memory says of a lock; only where the target's memory could be read.
struct LockMemory {
    uint32_t owner_tid = 0;                ///< mutex: owner; rwlock: writer; 0: none, or not known
    std::optional<uint32_t> owner_thread;  ///< id of that thread; empty: no thread of the snapshot
    bool taken_before_fork = false;        ///< by a thread of the process that this one was forked from
    bool outlives_owner = false;           ///< robust: the kernel takes it from an owner that has ended
    std::optional<uint32_t> readers;       ///< rwlock: how often it is held for reading
    uint32_t recorded_readers = 0;         ///< the same by the records, from just before to just after
};

/// A lock that was held beside others, told apart by what is left of its address.
struct Gate {
    uint32_t lock = 0;
    Mode mode = Mode::kExclusive;  ///< shared: it was only read, if but once
};

/// A lock was taken while another was held; by an untimed call, while there were more threads.
struct LockOrder {
    Object held;
    Object lock;
    Mode held_mode = Mode::kExclusive;
    Mode mode = Mode::kExclusive;
    StackIndex held_stack = 0;  ///< where each was acquired
    StackIndex stack = 0;
    StackIndex held_made_at = 0;  ///< where each was initialized; 0: not known, or by no call
    StackIndex made_at = 0;
    uint32_t thread = 0;
    uint32_t other_thread = 0;   ///< one more that did the same; 0: none
    uint64_t time_ns = 0;        ///< when it was first seen
    std::vector<Gate> gates;     ///< locks that were held each time
    bool gates_unknown = false;  ///< there may have been more
};

/// A lock was taken while another was held: their addresses.
struct LockTurn {
    uint64_t held = 0;
    uint64_t lock = 0;
};
/// The first orders between locks that were initialized at one place, one after the other: none is left out between
/// two of them but what is equal to the one before.
struct LockTurns {
    std::vector<LockTurn> turns;
    bool is_full = false;  ///< later ones are not known
};

/// As LockOrder::gates has a lock.
Gate gate_of(const Object& lock, Mode mode = Mode::kExclusive);

enum class MisuseKind {
    kForeignUnlock,      ///< a lock was unlocked by a thread that did not hold it
    kDestroyedLocked,    ///< a lock was destroyed while `other_thread` held it
    kDestroyedWaited,    ///< a condition was destroyed while threads waited on it
    kRelocked,           ///< a thread locked again what it held, and may not
    kExitedHolding,      ///< a thread ended, and a lock was still its own
    kUnjoinedDestroyed,  ///< a std::thread was destroyed that was neither joined nor detached
    kTwoMutexes,         ///< threads wait on one condition with different mutexes
    kHeldLong,           ///< a lock is held for longer than the user wants to see
};

/// Something that a program must not do, as it was seen.
struct Misuse {
    MisuseKind kind = MisuseKind::kForeignUnlock;
    Object object;
    uint32_t thread = 0;        ///< that did it; 0: not known
    uint32_t other_thread = 0;  ///< that it was done to; 0: none, or not known
    StackIndex stack = 0;
    std::optional<double> ago_seconds;
    std::vector<uint32_t> candidates;  ///< where `other_thread` is not known: one of these; empty: nothing is known
    bool likely = false;               ///< the code that did it has no debug information to prove it
};

/// One mapped object; lets `symbolize` name global locks.
struct Module {
    std::string path;
    std::string build_id;
    uint64_t bias = 0;
    uint64_t start = 0;
    uint64_t end = 0;
};

struct Process {
    uint32_t pid = 0;
    uint32_t ppid = 0;
    std::string exe;
    std::vector<std::string> command;
    bool observed = true;
    Reason reason = Reason::kDump;
    End end = End::kUnknown;
    std::optional<int> status;  ///< 0-255, 128+signal when killed; empty while alive
    double uptime_seconds = 0;
    bool uptime_is_lower_bound = false;          ///< nobody saw its end: up to the last thing it noted
    bool at_rest = false;                        ///< nothing runs any more: one look proves
    std::string root;                            ///< prefix under which the target's paths are found; empty: none
    std::map<std::string, std::string> deleted;  ///< of modules without a name any more: where they can be opened
};

/// What could yet wake a thread, were all of them asleep.
struct Wakers {
    bool handler = false;     ///< a signal handler is, or was, installed
    bool timer = false;       ///< a timer was made
    bool cancel = false;      ///< a thread was cancelled
    bool completion = false;  ///< libc was asked for work of whose end its own threads tell
    bool shared = false;      ///< a lock was made that other processes may share
    bool memory = false;      ///< another process runs in this one's memory
    bool unknown = false;     ///< nobody recorded timers and cancellations
};

enum class TakeKind { kSemaphore, kFile, kSystemV };

/// What a thread took last of what other processes may wait for, and has no owner in any memory.
struct Take {
    TakeKind kind = TakeKind::kSemaphore;
    uint64_t object = 0;  ///< address; descriptor; id of the set
    uint32_t number = 0;  ///< kSystemV: of the semaphore in its set
    FileLockKind file_lock = FileLockKind::kUnknown;
    uint32_t thread = 0;
    bool given_back = false;  ///< by the same thread
    std::optional<double> ago_seconds;
    StackIndex stack = 0;
};

struct Losses {
    uint64_t threads = 0;
    uint64_t holds = 0;
    uint64_t stacks = 0;
    uint64_t orders = 0;
};

struct Snapshot {
    Process process;
    std::vector<Thread> threads;  ///< by id, ascending
    std::vector<Stack> stacks = std::vector<Stack>(1);
    std::vector<Module> modules;                 ///< as last seen, by start address
    std::map<uint64_t, LockMemory> lock_memory;  ///< by lock address
    std::vector<uint64_t> foreign_unlocked;      ///< locks once unlocked by a non-owner, sorted
    bool any_lock_foreign_unlocked = false;      ///< that table overflowed
    uint32_t created_total = 0;                  ///< threads ever seen, main included
    bool may_lack_threads = false;               ///< there may be more that nobody recorded
    std::vector<LockOrder> lock_orders;
    std::vector<LockTurns> lock_turns;
    std::vector<Misuse> misuses;
    std::vector<Take> takes;  ///< latest first
    Wakers wakers;
    Losses losses;
    std::vector<std::string> notes;  ///< gaps in what could be read, one sentence each
};

/// The thread with this id; null when the snapshot has none.
const Thread* find_thread(const Snapshot& snapshot, uint32_t id);

/// State word of `interface.md`, without time: "mutex lock", "io epoll_wait"; what the wait means, where
/// that is known: "future wait".
std::string state_word(const Thread& thread);

/// The same, whatever the wait means: it needs no names of functions.
std::string plain_state_word(const Thread& thread);

/// Untimed wait inside the process: what makes a leftover thread `blocked` and not `alive`.
bool is_blocked(const Thread& thread);

}  // namespace snapshot
