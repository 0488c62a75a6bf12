// SPDX-License-Identifier: Apache-2.0
//
// Stacks as unwound in real programs, cut to the frames that matter. The libraries that can be installed
// are in tests/e2e/operations too; here are those that cannot, and stacks without debug information.
#include "analyze/wait_meaning.h"

#include <gtest/gtest.h>

#include "analyze/finding.h"
#include "analyze/fingerprint.h"
#include "analyze/pattern.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::State;

constexpr const char* kProgram = "/srv/bin/program";

/// One thread in `state`; its functions have no source files.
snapshot::Snapshot waiting(State state, const std::vector<std::string>& functions,
                           const std::string& module = kProgram) {
    snapshot::Snapshot snapshot;
    snapshot::Stack stack;
    for (const std::string& function : functions) stack.frames.push_back(support::frame_in(module, function));
    snapshot.stacks.push_back(stack);
    snapshot::Thread thread;
    thread.id = 1;
    thread.state = state;
    thread.stack = 1;
    thread.wait.emplace();
    thread.wait->object.kind = snapshot::LockKind::kFutex;
    thread.wait->object.address = 0x1000;
    snapshot.threads.push_back(thread);
    return snapshot;
}

std::string told(snapshot::Snapshot snapshot) {
    name_waits(snapshot);
    const snapshot::Thread& thread = snapshot.threads.front();
    return snapshot::state_word(thread) + "/" + thread.wait->object.noun;
}

std::string told_futex(const std::vector<std::string>& functions) {
    return told(waiting(State::kFutex, functions));
}

TEST(WaitMeaning, OfAnUnknownWaitIsNone) {
    EXPECT_EQ(told_futex({"my::Latch::wait()", "worker()"}), "futex/");
    EXPECT_EQ(told_futex({}), "futex/");
    EXPECT_EQ(told(waiting(State::kConditionWait, {"Channel<int>::receive()"})), "cond wait/");
}

TEST(WaitMeaning, OfOpenMpTellsNothingOfItsCounters) {
    snapshot::Snapshot snapshot = waiting(State::kFutex, {"GOMP_barrier", "main._omp_fn.0"});
    snapshot.threads.front().wait->detail = "expects 4294967295, in FUTEX_WAIT";
    name_waits(snapshot);
    EXPECT_EQ(snapshot.threads.front().meaning, "omp barrier");
    EXPECT_EQ(snapshot.threads.front().wait->detail, "");
}

TEST(WaitMeaning, IsTheOuterLibraryFunctions) {
    EXPECT_EQ(told_futex({"std::sys::pal::unix::futex::futex_wait", "std::thread::thread::Thread::park",
                          "std::sync::mpmc::context::Context::wait_until", "std::sync::mpmc::list::Channel<T>::recv",
                          "std::sync::mpsc::Receiver<T>::recv", "jobs::consume"}),
              "rust channel/channel");
    EXPECT_EQ(told_futex({"std::thread::functions::park", "jobs::consume"}), "rust park/parker");
}

TEST(WaitMeaning, IsNotThatOfAFunctionThatCallsTheProgram) {
    EXPECT_EQ(told_futex({"std::thread::functions::park", "std::sync::once::Once::call_once_force::{{closure}}",
                          "std::sys::sync::once::futex::Once::call"}),
              "rust park/parker");
    EXPECT_EQ(told_futex({"work()", "g_async_queue_pop"}), "futex/");
    EXPECT_EQ(told_futex({"std::sys::sync::mutex::futex::Mutex::lock_contended",
                          "std::sys::sync::condvar::futex::Condvar::wait", "jobs::main"}),
              "rust mutex/mutex")
        << "woken, and about to take its mutex again";
}

TEST(WaitMeaning, OfAnInlinedFunctionIsInTheNameOfItsCopy) {
    EXPECT_EQ(told_futex({"void std::__detail::__platform_wait<int>(int const*, int)", "worker()"}),
              "atomic wait/atomic")
        << "all else was inlined";
    EXPECT_EQ(told_futex({"void std::__detail::__platform_wait<int>(int const*, int)",
                          "void std::__atomic_wait_address<int, std::latch::wait() const::{lambda()#1}>(int const*)",
                          "worker()"}),
              "latch/latch");
    EXPECT_EQ(told_futex({"void std::__atomic_wait_address<int, std::latch::wait() const::{lambda()#1}>(int const*)",
                          "worker()"}),
              "latch/latch");
    EXPECT_EQ(told_futex({"void std::__atomic_wait_address_bare<std::__atomic_semaphore::_M_acquire()::{lambda()#1}>"
                          "(int const*, std::__atomic_semaphore::_M_acquire()::{lambda()#1})",
                          "worker()"}),
              "semaphore/semaphore");
    EXPECT_EQ(told_futex({"void std::__atomic_wait_address_v<int, std::__atomic_base<int>::wait(int, "
                          "std::memory_order) const::{lambda()#1}>(int const*, int)",
                          "worker()"}),
              "atomic wait/atomic");
}

TEST(WaitMeaning, IsNotTheRunnersWhereTheProgramsPartWasInlined) {
    EXPECT_EQ(told(waiting(State::kJoin,
                           {"std::thread::join()", "std::__future_base::_Async_state_impl<Work, void>::_M_run()"})),
              "join/");
    EXPECT_EQ(told_futex({"std::__future_base::_State_baseV2::_M_do_set(std::function<void ()>*, bool*)"}), "futex/");
}

TEST(WaitMeaning, OfAModuleIsTheLast) {
    EXPECT_EQ(told(waiting(State::kFutex, {"", ""}, "/usr/lib/x86_64-linux-gnu/libgomp.so.1")), "omp barrier/barrier");
    EXPECT_EQ(told(waiting(State::kFutex, {"", "GOMP_critical_start"}, "/usr/lib/x86_64-linux-gnu/libgomp.so.1")),
              "omp critical/lock");
}

struct Row {
    State state;
    std::vector<std::string> functions;
    const char* told;
};

TEST(WaitMeaning, OfLibrariesThatAreNotInstalledHere) {
    const Row rows[] = {
        {State::kFutex,
         {"parking_lot_core::thread_parker::imp::ThreadParker::futex_wait", "parking_lot_core::parking_lot::park",
          "parking_lot::raw_mutex::RawMutex::lock_slow", "<parking_lot::RawMutex as lock_api::RawMutex>::lock"},
         "parking_lot mutex/mutex"},
        {State::kFutex,
         {"parking_lot_core::parking_lot::park", "parking_lot::raw_rwlock::RawRwLock::lock_shared_slow"},
         "parking_lot rwlock read/rwlock"},
        {State::kFutex,
         {"parking_lot_core::parking_lot::park", "parking_lot::raw_rwlock::RawRwLock::lock_exclusive_slow"},
         "parking_lot rwlock write/rwlock"},
        {State::kFutex,
         {"parking_lot_core::parking_lot::park", "parking_lot::condvar::Condvar::wait_until_internal"},
         "parking_lot condvar/condition"},
        {State::kFutex,
         {"std::thread::park", "crossbeam_channel::context::Context::wait_until",
          "crossbeam_channel::flavors::list::Channel<T>::recv"},
         "crossbeam channel/channel"},
        {State::kFutex,
         {"std::sys::unix::locks::futex_mutex::Mutex::lock_contended", "std::sync::mutex::Mutex<T>::lock"},
         "rust mutex/mutex"},
        {State::kFutex,
         {"std::sys::unix::locks::futex_rwlock::RwLock::read_contended", "std::sync::rwlock::RwLock<T>::read"},
         "rust rwlock read/rwlock"},
        {State::kConditionWait, {"boost::thread::join_noexcept()", "boost::thread::join()"}, "join/thread"},
        {State::kConditionWait, {"QThread::wait(unsigned long)", "main"}, "join/thread"},
        {State::kFutex, {"QSemaphore::acquire(int)", "main"}, "qt semaphore/semaphore"},
    };
    for (const Row& row : rows) EXPECT_EQ(told(waiting(row.state, row.functions)), row.told) << row.functions.front();
}

TEST(WaitMeaning, OfVirtualMachinesIsTheirs) {
    const std::string park = "os::PlatformEvent::park(long)";
    const std::vector<std::pair<std::vector<std::string>, std::string>> rows = {
        {{park, "ObjectMonitor::EnterI(JavaThread*)", "ObjectMonitor::enter(JavaThread*)"}, "java monitor/monitor"},
        {{park, "ObjectMonitor::ReenterI(JavaThread*, ObjectWaiter*)", "ObjectMonitor::wait(long, bool, JavaThread*)"},
         "java monitor/monitor"},
        {{park, "ObjectMonitor::wait(long, bool, JavaThread*)", "JVM_MonitorWait"}, "java wait/monitor"},
        {{"Parker::park(bool, long)", "Unsafe_Park"}, "java park/parker"},
        {{park, "JavaThread::sleep(long)", "JVM_Sleep"}, "sleep/time"},
    };
    const std::string jvm = "/usr/lib/jvm/lib/server/libjvm.so";
    for (const auto& [functions, words] : rows) {
        EXPECT_EQ(told(waiting(State::kConditionWait, functions, jvm)), words) << functions.front();
    }
    EXPECT_EQ(told(waiting(State::kConditionWait, {"uv_cond_wait", "v8::internal::FutexEmulation::WaitSync<int>(int)"},
                           "/usr/bin/node")),
              "atomics wait/atomic");
    EXPECT_EQ(told(waiting(State::kConditionWait, {"", "PyEval_RestoreThread"}, "/usr/bin/python3.11")),
              "python gil/gil");
}

TEST(WaitMeaning, HasNoBoundWhereOnlyTheLibraryLooksAgain) {
    const auto timed = [](const std::string& function) {
        snapshot::Snapshot snapshot = waiting(State::kConditionWait, {function}, "/usr/lib/jvm/lib/server/libjvm.so");
        snapshot::Thread& thread = snapshot.threads.front();
        thread.timed = true;
        thread.for_seconds = 0.2;
        thread.left_seconds = 0.8;
        thread.timeout_seconds = 1;
        name_waits(snapshot);
        return thread;
    };

    const snapshot::Thread enters = timed("ObjectMonitor::EnterI(JavaThread*)");
    const snapshot::Thread sleeps = timed("JVM_Sleep");

    EXPECT_TRUE(snapshot::is_blocked(enters));
    EXPECT_TRUE(enters.for_is_lower_bound);
    EXPECT_EQ(enters.left_seconds, std::nullopt);
    EXPECT_EQ(enters.timeout_seconds, std::nullopt);
    EXPECT_TRUE(sleeps.timed);
    EXPECT_EQ(sleeps.left_seconds, 0.8);
}

TEST(WaitMeaning, IsAskedBelowPythonsFrames) {
    snapshot::Snapshot snapshot = waiting(State::kFutex, {"std::latch::wait() const", "native_wait"});
    snapshot::Frame python;
    python.language = snapshot::Language::kPython;
    python.function = "consume";
    python.file = "/srv/app.py";
    snapshot.stacks[1].frames.insert(snapshot.stacks[1].frames.begin(), python);

    EXPECT_EQ(told(snapshot), "latch/latch");
}

TEST(WaitMeaning, LeavesVerdictAndFingerprintAlone) {
    snapshot::Snapshot named = waiting(State::kFutex, {"std::latch::wait() const", "worker()"});
    named.process.reason = snapshot::Reason::kExit;
    const snapshot::Snapshot nameless = named;
    name_waits(named);

    const Analysis with_name = analyze(named);
    const Analysis without_name = analyze(nameless);

    ASSERT_EQ(with_name.findings.size(), 1U);
    EXPECT_EQ(with_name.findings[0].message, "1 thread blocked in latch at worker()");
    EXPECT_EQ(with_name.findings[0].verdict, Verdict::kBlocked);
    EXPECT_EQ(with_name.findings[0].fingerprint, without_name.findings.at(0).fingerprint);
}

/// T1 waits for its scope; the others were made by it.
snapshot::Snapshot scope_of_three(const std::vector<std::string>& waiter) {
    snapshot::Snapshot snapshot = waiting(State::kFutex, waiter);
    snapshot.stacks.push_back({{support::frame_in(kProgram, "std::thread::scoped::Scope::spawn")}});
    snapshot.stacks.push_back({{support::frame_in(kProgram, "std::thread::functions::spawn")}});
    const auto add = [&](uint32_t id, snapshot::StackIndex created, bool finished) {
        snapshot::Thread thread = snapshot.threads.front();
        thread.id = id;
        thread.stack = 0;
        thread.created_by = 1;
        thread.created_stack = created;
        thread.finished = finished;
        snapshot.threads.push_back(thread);
    };
    add(2, 2, false);
    add(3, 2, true);
    add(4, 3, false);
    return snapshot;
}

TEST(ScopeJoin, WaitsForTheLiveThreadsThatWereSpawnedThroughIt) {
    snapshot::Snapshot snapshot =
        scope_of_three({"std::thread::functions::park", "std::thread::scoped::scope", "jobs::main"});

    name_waits(snapshot);

    EXPECT_EQ(snapshot.threads[0].wait->members, std::vector<uint32_t>{2});
}

TEST(ScopeJoin, OfScopesWithinScopesNamesNobody) {
    snapshot::Snapshot snapshot = scope_of_three({"std::thread::functions::park", "std::thread::scoped::scope",
                                                  "jobs::inner", "std::thread::scoped::scope", "jobs::main"});

    name_waits(snapshot);

    EXPECT_EQ(snapshot.threads[0].meaning, "rust scope join");
    EXPECT_TRUE(snapshot.threads[0].wait->members.empty());
}

TEST(Pattern, MatchesTheWholeText) {
    EXPECT_TRUE(matches("std::latch::wait", "std::*::wait"));
    EXPECT_TRUE(matches("aXbXc", "a*X*c"));
    EXPECT_TRUE(matches("", "*"));
    EXPECT_FALSE(matches("std::latch::wait_for", "std::*::wait"));
    EXPECT_FALSE(matches("", "a"));
    EXPECT_FALSE(matches("a", ""));
}

}  // namespace
}  // namespace analyze
