// SPDX-License-Identifier: Apache-2.0
//
// For every row of interposed.inc: an unmodified program calls the function, where it need not wait
// and where it waits, and the recording says so: kind, object, and the line of the call.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <sstream>

#include "tests/targets/recorded_program.h"

namespace {

using protocol::End;
using protocol::HoldState;
using protocol::LockKind;
using protocol::Mode;
using protocol::SignalKind;
using protocol::ThreadRecord;
using protocol::WaitKind;
using support::RawRecording;

/// What one row must leave in the recording.
struct Expected {
    enum class Free {
        kNothing,    ///< neither wait nor hold is left
        kHold,       ///< the lock, held
        kMutexHold,  ///< after a condition wait: its mutex, held since the wait
        kSignal,     ///< a signal noted
        kCreated,    ///< a thread created here
        kGone,       ///< the record of T3 has gone
        kRenamed,
        kFinished,
        kEnd,  ///< the end of the process
        kUnloaded,
        kWaker,   ///< noted in the head
        kWaited,  ///< the words of a wait that is over
    } free = Free::kNothing;
    LockKind lock = LockKind::kNone;
    Mode mode = Mode::kExclusive;
    SignalKind signal = SignalKind::kNone;
    End end = End::kNone;
    std::optional<WaitKind> wait = {};  ///< when blocked; empty: never waits
    bool timed = false;
    uint32_t waker = 0;
    bool handles = false;  ///< its program has a signal handler, where the call need not wait
};

using Free = Expected::Free;

std::map<std::string, Expected> expectations() {
    const Expected mutex{.free = Free::kHold, .lock = LockKind::kMutex, .wait = WaitKind::kMutex};
    const Expected read{
        .free = Free::kHold, .lock = LockKind::kRwlock, .mode = Mode::kShared, .wait = WaitKind::kRwlockRead};
    const Expected write{.free = Free::kHold, .lock = LockKind::kRwlock, .wait = WaitKind::kRwlockWrite};
    const Expected condition{.free = Free::kMutexHold, .lock = LockKind::kMutex, .wait = WaitKind::kCondition};
    const Expected semaphore{.wait = WaitKind::kSemaphore};
    const Expected joined{.free = Free::kGone, .wait = WaitKind::kJoin};
    const Expected sleep{.wait = WaitKind::kSleep, .timed = true};
    const Expected spin{.free = Free::kHold, .lock = LockKind::kSpin, .wait = WaitKind::kSpin};
    const Expected barrier{.wait = WaitKind::kBarrier};
    const Expected once{.free = Free::kHold, .lock = LockKind::kOnce, .wait = WaitKind::kOnce};
    const Expected exec{.free = Free::kEnd, .end = End::kExec};
    const auto signal = [](SignalKind kind) { return Expected{.free = Free::kSignal, .signal = kind}; };
    const auto end = [](End kind) { return Expected{.free = Free::kEnd, .end = kind}; };
    const auto waker = [](uint32_t bit) { return Expected{.free = Free::kWaker, .waker = bit}; };
    const Expected io{.wait = WaitKind::kIo, .timed = true};
    const auto timed = [](Expected expected) { return expected.timed = true, expected; };
    const auto untaken = [](Expected expected) { return expected.wait.reset(), expected; };
    const auto named = [](std::string name, const Expected& expected) { return std::pair{name, expected}; };
    std::map<std::string, Expected> all{named("pthread_mutex_init", {}),
                                        named("pthread_mutex_destroy", {}),
                                        named("pthread_mutex_lock", mutex),
                                        named("pthread_mutex_trylock", untaken(mutex)),
                                        named("pthread_mutex_timedlock", timed(mutex)),
                                        named("pthread_mutex_clocklock", timed(mutex)),
                                        named("pthread_mutex_unlock", {}),
                                        named("pthread_rwlock_init", {}),
                                        named("pthread_rwlock_destroy", {}),
                                        named("pthread_rwlock_rdlock", read),
                                        named("pthread_rwlock_tryrdlock", untaken(read)),
                                        named("pthread_rwlock_timedrdlock", timed(read)),
                                        named("pthread_rwlock_clockrdlock", timed(read)),
                                        named("pthread_rwlock_wrlock", write),
                                        named("pthread_rwlock_trywrlock", untaken(write)),
                                        named("pthread_rwlock_timedwrlock", timed(write)),
                                        named("pthread_rwlock_clockwrlock", timed(write)),
                                        named("pthread_rwlock_unlock", {}),
                                        named("pthread_cond_clockwait", timed(condition)),
                                        named("sem_init", {}),
                                        named("sem_destroy", {}),
                                        named("sem_wait", semaphore),
                                        named("sem_timedwait", timed(semaphore)),
                                        named("sem_clockwait", timed(semaphore)),
                                        named("sem_trywait", {}),
                                        named("sem_post", signal(SignalKind::kPost)),
                                        named("pthread_create", {.free = Free::kCreated}),
                                        named("pthread_join", joined),
                                        named("pthread_tryjoin_np", {.free = Free::kGone}),
                                        named("pthread_timedjoin_np", timed(joined)),
                                        named("pthread_clockjoin_np", timed(joined)),
                                        named("pthread_detach", {.free = Free::kGone}),
                                        named("pthread_exit", {.free = Free::kFinished}),
                                        named("pthread_setname_np", {.free = Free::kRenamed}),
                                        named("prctl", {.free = Free::kRenamed}),
                                        named("nanosleep", sleep),
                                        named("clock_nanosleep", sleep),
                                        named("usleep", sleep),
                                        named("sleep", sleep),
                                        named("exit", end(End::kExit)),
                                        named("_exit", end(End::kUnderscoreExit)),
                                        named("_Exit", end(End::kUnderscoreExit)),
                                        named("quick_exit@new", end(End::kQuickExit)),
                                        named("quick_exit@old", end(End::kQuickExit)),
                                        named("_ZSt9terminatev", end(End::kUnderscoreExit)),
                                        named("execve", exec),
                                        named("execv", exec),
                                        named("execvp", exec),
                                        named("execvpe", exec),
                                        named("execl", exec),
                                        named("execlp", exec),
                                        named("execle", exec),
                                        named("fexecve", exec),
                                        named("execveat", exec),
                                        named("vfork", {}),
                                        named("sem_open", {}),
                                        named("setsockopt", {}),
                                        named("setrlimit", {}),
                                        named("setrlimit64", {}),
                                        named("prlimit", {}),
                                        named("prlimit64", {}),
                                        named("mlockall", {}),
                                        named("pthread_spin_init", {}),
                                        named("pthread_spin_destroy", {}),
                                        named("pthread_spin_lock", spin),
                                        named("pthread_spin_trylock", untaken(spin)),
                                        named("pthread_spin_unlock", {}),
                                        named("pthread_barrier_init", {}),
                                        named("pthread_barrier_wait", barrier),
                                        named("pthread_barrier_destroy", barrier),
                                        named("pthread_once", once),
                                        named("call_once", once),
                                        named("__cxa_guard_acquire", once),
                                        named("__cxa_guard_release", {}),
                                        named("__cxa_guard_abort", {}),
                                        named("thrd_create", {.free = Free::kCreated}),
                                        named("thrd_join", joined),
                                        named("thrd_detach", {.free = Free::kGone}),
                                        named("thrd_exit", {.free = Free::kFinished}),
                                        named("thrd_sleep", sleep),
                                        named("mtx_init", {}),
                                        named("mtx_destroy", {}),
                                        named("mtx_lock", mutex),
                                        named("mtx_trylock", untaken(mutex)),
                                        named("mtx_timedlock", timed(mutex)),
                                        named("mtx_unlock", {}),
                                        named("cnd_init", {}),
                                        named("cnd_destroy", {.wait = WaitKind::kCondition}),
                                        named("cnd_wait", condition),
                                        named("cnd_timedwait", timed(condition)),
                                        named("cnd_signal", signal(SignalKind::kSignal)),
                                        named("cnd_broadcast", signal(SignalKind::kBroadcast)),
                                        named("dlclose", {.free = Free::kUnloaded}),
                                        named("dlopen", {.wait = WaitKind::kMutex}),
                                        named("dlmopen", {.wait = WaitKind::kMutex}),
                                        named("sigignore", waker(0)),
                                        named("siginterrupt", waker(0)),
                                        named("pthread_cancel", waker(protocol::kWakerCancel)),
                                        named("poll", io),
                                        named("__poll_chk", io),
                                        named("epoll_wait", io),
                                        named("epoll_pwait", io),
                                        named("epoll_pwait2", io),
                                        named("sigtimedwait", {.wait = WaitKind::kSignal, .timed = true}),
                                        named("semtimedop", untaken(io))};
    all["syscall"] = signal(SignalKind::kWake);
    all["syscall"].wait = WaitKind::kFutex;
    for (const char* const name :
         {"sigaction", "__sigaction", "signal", "ssignal", "bsd_signal", "sysv_signal", "__sysv_signal", "sigset"}) {
        all[name] = waker(protocol::kWakerHandler);
    }
    for (const char* const name :
         {"setitimer", "alarm", "ualarm", "timer_create@new", "timer_create@mid", "timer_create@old"}) {
        all[name] = waker(protocol::kWakerTimer);
    }
    for (const char* const name : {"aio_read", "aio_read64", "aio_write", "aio_write64", "aio_fsync", "aio_fsync64",
                                   "lio_listio@new", "lio_listio@mid", "lio_listio@old", "lio_listio64@new",
                                   "lio_listio64@mid", "lio_listio64@old", "mq_notify", "getaddrinfo_a"}) {
        all[name] = waker(protocol::kWakerCompletion);
    }
    for (const char* const version : {"@new", "@old"}) {
        const auto add = [&](const char* name, const Expected& expected) {
            all[name + std::string(version)] = expected;
        };
        add("pthread_cond_init", {});
        add("pthread_cond_destroy", {});
        add("pthread_cond_wait", condition);
        add("pthread_cond_timedwait", timed(condition));
        add("pthread_cond_signal", signal(SignalKind::kSignal));
        add("pthread_cond_broadcast", signal(SignalKind::kBroadcast));
    }
    for (const char* const name : {"posix_spawn@new", "posix_spawn@old", "posix_spawnp@new", "posix_spawnp@old"}) {
        all[name] = {};
    }
    const auto add_waits = [&](const Expected& expected, std::initializer_list<const char*> names) {
        for (const char* const name : names) all[name] = expected;
    };
    const Expected moves{.free = Free::kWaited, .wait = WaitKind::kIo};
    add_waits(moves, {"read", "__read_chk", "readv", "preadv2", "preadv64v2", "splice", "write", "writev", "pwritev2",
                      "pwritev64v2", "sendfile", "sendfile64"});
    add_waits(moves, {"recv", "__recv_chk", "recvfrom", "__recvfrom_chk", "recvmsg", "recvmmsg", "send", "sendto",
                      "sendmsg", "sendmmsg", "accept", "accept4", "connect", "mq_receive", "mq_send"});
    add_waits(moves, {"fgets", "__fgets_chk", "fread", "__fread_chk", "getline", "getdelim", "__getdelim"});
    add_waits(moves, {"eventfd_read", "eventfd_write", "scanf", "fscanf", "vscanf", "vfscanf", "__isoc99_scanf",
                      "__isoc99_fscanf", "__isoc99_vscanf", "__isoc99_vfscanf"});
    add_waits(timed(moves), {"select", "pselect", "ppoll", "__ppoll_chk", "mq_timedreceive", "mq_timedsend",
                             "aio_suspend", "aio_suspend64"});
    add_waits(untaken(moves),
              {"pread", "pread64", "__pread_chk", "__pread64_chk", "preadv", "preadv64", "pwrite", "pwrite64",
               "pwritev", "pwritev64", "fsync", "fdatasync", "tcdrain", "msgsnd", "msgrcv", "semop"});
    add_waits(untaken(moves), {"getaddrinfo", "getnameinfo", "gethostbyname", "gethostbyname2", "gethostbyaddr",
                               "gethostbyname_r", "gethostbyname2_r", "gethostbyaddr_r"});
    add_waits({.free = Free::kWaited, .wait = WaitKind::kFileLock}, {"flock", "fcntl", "fcntl64", "lockf", "lockf64"});
    add_waits({.free = Free::kWaited, .wait = WaitKind::kChild},
              {"wait", "waitpid", "waitid", "wait3", "wait4", "system", "pclose"});
    add_waits({.free = Free::kWaited, .wait = WaitKind::kSignal}, {"sigwait", "sigwaitinfo"});
    add_waits({.free = Free::kWaited, .wait = WaitKind::kSignal, .handles = true}, {"pause", "sigsuspend"});
    // The newer kind waits for its waiters to leave.
    all["pthread_cond_destroy@new"].wait = WaitKind::kCondition;
#define INTERPOSED(name)
#define INTERPOSED_VERSIONED(name, tag, version)
#define INTERPOSED_VARIADIC(name)
#define INTERPOSED_ALIAS(name) all[#name] = all.at(std::string(#name).substr(2));
#define INTERPOSED_STUB(name)
#include "protocol/interposed.inc"
#undef INTERPOSED
#undef INTERPOSED_VERSIONED
#undef INTERPOSED_VARIADIC
#undef INTERPOSED_ALIAS
#undef INTERPOSED_STUB
    return all;
}

std::vector<std::string> rows() {
    return {
#define INTERPOSED(name) #name,
#define INTERPOSED_VERSIONED(name, tag, version) #name "@" #tag,
#define INTERPOSED_VARIADIC(name) #name,
#define INTERPOSED_ALIAS(name) #name,
#define INTERPOSED_STUB(name) #name,
#include "protocol/interposed.inc"
#undef INTERPOSED
#undef INTERPOSED_VERSIONED
#undef INTERPOSED_VARIADIC
#undef INTERPOSED_ALIAS
#undef INTERPOSED_STUB
    };
}

/// What the program says of its call.
struct Call {
    int line = 0;
    uint64_t object = 0;
    uint32_t tid = 0;
    std::string file;  ///< base name
};

class EachWrapper : public testing::TestWithParam<std::string> {
protected:
    void start(const char* mode) {
        program_ = std::make_unique<support::RecordedProgram>(std::vector<std::string>{EACH_WRAPPER, GetParam(), mode});
    }

    /// Reads the last line that starts with `word`; the program has said it.
    static Call parse(const std::string& output, const std::string& word) {
        Call call;
        std::istringstream text(output.substr(output.rfind(word) + word.size()));
        text >> call.line >> std::hex >> call.object >> std::dec >> call.tid >> call.file;
        call.file = std::filesystem::path(call.file).filename();
        return call;
    }

    Call await_call(const char* word) {
        EXPECT_TRUE(program_->program().await_output(std::string(word) + " "));
        return parse(program_->program().output(), std::string(word) + " ");
    }

    std::unique_ptr<support::RecordedProgram> program_;
};

class ReturningWrapper : public EachWrapper {};
class BlockingWrapper : public EachWrapper {};
class EndingWrapper : public EachWrapper {};

const protocol::Hold* hold_of(const ThreadRecord& thread, HoldState state) {
    for (const protocol::Hold& hold : thread.holds) {
        if (hold.state == state) return &hold;
    }
    return nullptr;
}

TEST(Table, HasACaseHereForEachOfItsRows) {
    const auto expected = expectations();
    for (const std::string& row : rows()) EXPECT_TRUE(expected.contains(row)) << row;
    EXPECT_EQ(expected.size(), rows().size());
}

void expect_hold(const RawRecording& raw, const ThreadRecord& self, const Call& call, const Expected& expected) {
    const protocol::Hold* const hold = hold_of(self, HoldState::kHeld);
    ASSERT_NE(hold, nullptr);
    EXPECT_EQ(hold->kind, expected.lock);
    EXPECT_EQ(hold->mode, expected.mode);
    EXPECT_EQ(hold->depth, 1U);
    EXPECT_GT(hold->since_ns, 0U);
    if (expected.free == Free::kHold) {
        EXPECT_EQ(hold->address, call.object);
    }
    EXPECT_TRUE(raw.lines_in(call.file, hold->stack).contains(call.line));
}

void expect_signal(const RawRecording& raw, const ThreadRecord& self, const Call& call, SignalKind kind) {
    for (const protocol::LastSignal& signal : self.signals) {
        if (signal.object != call.object) continue;
        EXPECT_EQ(signal.kind, kind);
        EXPECT_TRUE(raw.lines_in(call.file, signal.stack).contains(call.line));
        return;
    }
    ADD_FAILURE() << "no signal is noted";
}

void expect_at_rest(const ThreadRecord& self) {
    EXPECT_EQ(self.wait.kind, WaitKind::kNone);
    EXPECT_EQ(hold_of(self, HoldState::kHeld), nullptr);
    EXPECT_EQ(hold_of(self, HoldState::kAcquiring), nullptr);
    EXPECT_EQ(hold_of(self, HoldState::kReleasing), nullptr);
}

/// The wait is over; its other words stay as they were.
void expect_waited(const RawRecording& raw, const ThreadRecord& self, const Call& call, const std::string& row) {
    expect_at_rest(self);
    EXPECT_EQ(self.sequence % 2, 0U);
    const std::vector<std::string> all = rows();
    ASSERT_GE(self.wait.function, 1U);
    EXPECT_EQ(all.at(self.wait.function - 1U), row);
    EXPECT_TRUE(raw.lines_in(call.file, self.wait.stack).contains(call.line));
    if (call.object != 0) {
        EXPECT_EQ(self.wait.detail, call.object);
    }
}

TEST_P(ReturningWrapper, PublishesWhereItNeedNotWait) {
    const Expected expected = expectations()[GetParam()];
    start("free");
    const Call call = await_call("done");

    const RawRecording raw(program_->first_recording());
    const ThreadRecord* const self = raw.thread_of(call.tid);
    ASSERT_NE(self, nullptr);
    switch (expected.free) {
        case Free::kNothing: expect_at_rest(*self); break;
        case Free::kHold:
        case Free::kMutexHold: expect_hold(raw, *self, call, expected); break;
        case Free::kSignal: expect_signal(raw, *self, call, expected.signal); break;
        case Free::kCreated: {
            const ThreadRecord* const created = raw.numbered(3);
            ASSERT_NE(created, nullptr);
            EXPECT_EQ(created->created_by, 2U);
            EXPECT_TRUE(raw.lines_in(call.file, created->created_stack).contains(call.line));
            break;
        }
        case Free::kGone: EXPECT_EQ(raw.numbered(3), nullptr); break;
        case Free::kRenamed: EXPECT_STREQ(reinterpret_cast<const char*>(self->name), "renamed"); break;
        case Free::kWaker: EXPECT_EQ(raw.head().wakers, expected.waker); break;
        case Free::kWaited: expect_waited(raw, *self, call, GetParam()); break;
        case Free::kUnloaded: EXPECT_EQ(raw.head().generation, 1U); break;
        case Free::kFinished:
        case Free::kEnd: break;
    }
    EXPECT_EQ(raw.head().stacks_lost, 0U);
    const uint32_t handler = expected.handles ? protocol::kWakerHandler : 0;
    EXPECT_EQ(raw.head().wakers, GetParam() == "sem_open" ? protocol::kWakerShared : expected.waker | handler);
}

TEST_P(BlockingWrapper, PublishesTheWaitBeforeItBlocks) {
    const Expected expected = expectations()[GetParam()];
    start("blocked");
    const Call call = await_call("at");

    const RawRecording raw(program_->first_recording());
    ASSERT_TRUE(support::eventually([&] {
        const ThreadRecord* const self = raw.thread_of(call.tid);
        return self != nullptr && self->wait.kind == *expected.wait && self->sequence % 2 == 0;
    }));
    const ThreadRecord& self = *raw.thread_of(call.tid);
    EXPECT_EQ((self.wait.flags & protocol::kWaitTimed) != 0, expected.timed);
    EXPECT_EQ(self.wait.deadline_ns != 0, expected.timed);
    constexpr uint64_t kTick = 10'000'000;  // what began briefly did so at the clock's last tick
    EXPECT_GT(self.wait.since_ns + kTick, raw.head().started_ns);
    EXPECT_TRUE(raw.lines_in(call.file, self.wait.stack).contains(call.line));
    if (call.object != 0 && *expected.wait >= WaitKind::kIo) {
        EXPECT_EQ(self.wait.detail, call.object);
    } else if (call.object != 0) {
        EXPECT_EQ(self.wait.object, call.object);
        EXPECT_NE(raw.module_at(call.object), "");
    }
    if (expected.free == Free::kMutexHold) {
        const protocol::Hold* const lent = hold_of(self, HoldState::kLent);
        ASSERT_NE(lent, nullptr);
        EXPECT_EQ(lent->address, self.wait.detail);
    }
    if (*expected.wait == WaitKind::kBarrier) {
        EXPECT_EQ(self.wait.detail, 2U);
    }
    if (*expected.wait == WaitKind::kJoin) {
        EXPECT_EQ(self.wait.detail, 2U);
        EXPECT_EQ(self.wait.object, raw.numbered(2)->handle);
    }
}

TEST_P(EndingWrapper, NotesTheEndOfTheThreadOrProcess) {
    const Expected expected = expectations()[GetParam()];
    if (expected.free == Free::kFinished) {
        start("free");
        const Call call = await_call("at");
        const RawRecording raw(program_->first_recording());
        const uint32_t both = protocol::kLifeExiting | protocol::kLifeFinished;
        EXPECT_TRUE(support::eventually([&] { return (raw.thread_of(call.tid)->life & both) == both; }));
        return;
    }

    start("free");
    const support::Outcome outcome = program_->program().finish();

    const bool is_exec = expected.end == End::kExec;
    EXPECT_EQ(outcome.status, is_exec ? 0 : 7);
    const RawRecording raw(program_->first_recording());
    EXPECT_EQ(raw.head().end, expected.end);
    EXPECT_EQ(raw.head().ended_by, 1U);
    EXPECT_EQ(raw.head().status, is_exec ? -1 : 7);
    EXPECT_EQ(raw.head().phase, protocol::Phase::kDone);
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param;
    std::replace(name.begin(), name.end(), '@', '_');
    return name;
}

bool ends(const Expected& expected) {
    return expected.free == Free::kEnd || expected.free == Free::kFinished;
}

/// Rows for which `applies` holds.
auto rows_where(bool (*applies)(const Expected&)) {
    std::vector<std::string> chosen;
    for (const auto& [row, expected] : expectations()) {
        if (applies(expected)) chosen.push_back(row);
    }
    return testing::ValuesIn(chosen);
}

INSTANTIATE_TEST_SUITE_P(Table, ReturningWrapper, rows_where([](const Expected& row) { return !ends(row); }),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Table, BlockingWrapper, rows_where([](const Expected& row) { return row.wait.has_value(); }),
                         test_name);
INSTANTIATE_TEST_SUITE_P(Table, EndingWrapper, rows_where(ends), test_name);

}  // namespace
