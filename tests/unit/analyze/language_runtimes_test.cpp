// SPDX-License-Identifier: Apache-2.0
//
// What a Java VM and Node leave behind, with the stacks that they were seen with, beside threads of programs.
#include "analyze/language_runtimes.h"

#include <gtest/gtest.h>

#include "analyze/misuse.h"
#include "shown.h"
#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using snapshot::Reason;
using snapshot::State;
using support::condition;
using support::frame;
using support::frame_in;
using support::Frames;
using support::libc_frame;
using support::mutex;
using support::SnapshotBuilder;
using support::ThreadBuilder;

snapshot::Frame jvm(const std::string& function) {
    return frame_in("/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", function);
}
snapshot::Frame node(const std::string& function) {
    return frame_in("/usr/bin/node", function);
}
snapshot::Frame jit() {
    snapshot::Frame made;
    made.language = snapshot::Language::kJit;
    made.function = "[jit]";
    made.address = 0x7f2e109455da;
    return made;
}

const snapshot::Frame kJavaStart = jvm("thread_native_entry(Thread*)");
const Frames kIdle = {jvm("PosixSemaphore::wait()"), jvm("GangWorker::loop()"), kJavaStart, libc_frame("start_thread"),
                      libc_frame("clone3")};
const Frames kMadeByVirtualMachine = {jvm("os::create_thread(Thread*)"), jvm("JNI_CreateJavaVM"),
                                      frame_in("/usr/lib/jvm/lib/libjli.so", "JavaMain"), libc_frame("start_thread")};
const Frames kMadeByJava = {jvm("os::create_thread(Thread*)"), jvm("JVM_StartThread"), jit()};
const Frames kWaitsInJava = {jvm("os::PlatformEvent::park()"), jvm("JVM_MonitorWait"), jit()};

void loaded(SnapshotBuilder& builder, const std::string& path) {
    snapshot::Module module;
    module.path = path;
    builder.snapshot().modules.push_back(module);
}

struct JavaVm : SnapshotBuilder {
    JavaVm() {
        thread(1).ends_process();
        loaded(*this, "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so");
        java(2, kIdle, kMadeByVirtualMachine).named("GC Thread#0");
    }
    ThreadBuilder& java(uint32_t id, const Frames& at, const Frames& made) {
        ThreadBuilder& added = thread(id).waits_on(condition(0x10 * id)).at(at).created_by(1, made).entry(kJavaStart);
        return added.detached();
    }
};

TEST(RuntimeHelpers, AreNoFindingsAndFailNothing) {
    const JavaVm builder;

    const Analysis analysis = analyze(builder.build());

    EXPECT_EQ(shown(analysis), Lines{});
    EXPECT_EQ(applying(analysis), Lines{});
    EXPECT_EQ(analysis.counts.blocked, 1U) << "they are there nevertheless";
}

TEST(RuntimeHelpers, MayRunWithoutAStackThatIsKnown) {
    JavaVm builder;
    builder.java(3, {}, kMadeByVirtualMachine).in(State::kRunning);

    EXPECT_EQ(shown(analyze(builder.build())), Lines{});
}

TEST(RuntimeHelpers, AThreadOfTheProgramIsNoneWhateverItsRuntimeDoesForIt) {
    JavaVm builder;
    builder.java(3, kWaitsInJava, kMadeByJava).named("worker");
    builder.java(4, kIdle, kMadeByJava).named("has not begun");
    builder.java(5, kWaitsInJava, kMadeByVirtualMachine).named("runs a handler");

    EXPECT_EQ(applying(analyze(builder.build())), (Lines{"T3: blocked", "T4: blocked", "T5: blocked"}));
}

TEST(RuntimeHelpers, OneFrameOfAnotherFileMakesItTheProgramsThread) {
    for (const snapshot::Frame& own :
         {frame("callback()", "agent.cpp", 3), frame_in("/opt/libagent.so"), frame_in("")}) {
        Frames frames = kIdle;
        frames.insert(frames.begin() + 1, own);
        JavaVm at;
        at.java(3, frames, kMadeByVirtualMachine);
        JavaVm made;
        Frames makers = kMadeByVirtualMachine;
        makers.push_back(own);
        made.java(3, kIdle, makers);

        EXPECT_EQ(applying(analyze(at.build())), Lines{"T3: blocked"}) << own.module;
        EXPECT_EQ(applying(analyze(made.build())), Lines{"T3: blocked"}) << own.module;
    }
}

TEST(RuntimeHelpers, OfANameThatTheLibraryGivesTheFirstIsIts) {
    JavaVm builder;
    builder.java(3, kWaitsInJava, kMadeByJava).named("Finalizer");
    builder.java(4, kWaitsInJava, kMadeByJava).named("Finalizer");

    EXPECT_EQ(applying(analyze(builder.build())), Lines{"T4: blocked"});
}

/// Whoever ran the program's code then, and wherever: it was the virtual machine that stopped it.
TEST(RuntimeHelpers, AndTheProgramsThreadsAreHeldUpByTheVirtualMachinesEnd) {
    const Frames held_up = {jvm("LinuxWaitBarrier::wait(int)"), jvm("SafepointSynchronize::block(JavaThread*)"),
                            jvm("Unsafe_PutReference"), jit()};
    const auto left = [&](Reason reason) {
        JavaVm builder;
        builder.process().reason = reason;
        builder.java(3, held_up, kMadeByJava).named("Common-Cleaner");
        builder.java(4, held_up, kMadeByJava).named("worker");
        builder.java(5, held_up, kMadeByVirtualMachine).named("Signal Dispatch");
        return applying(analyze(builder.build()));
    };

    EXPECT_EQ(left(Reason::kExit), Lines{});
    EXPECT_EQ(left(Reason::kTimeout), Lines{"T4: blocked"}) << "a stop that does not end";
}

TEST(RuntimeHelpers, ANamedOneThatIsStuckElsewhereIsTold) {
    JavaVm builder;
    builder.java(3, {jvm("ObjectMonitor::enter(JavaThread*)"), jit()}, kMadeByJava).named("Finalizer");

    EXPECT_EQ(applying(analyze(builder.build())), Lines{"T3: blocked"});
}

TEST(RuntimeHelpers, TheLauncherWaitsForTheThreadInItsPlace) {
    const auto main_at = [](const snapshot::Frame& caller) {
        SnapshotBuilder builder;
        loaded(builder, "/usr/lib/jvm/lib/libjli.so");
        builder.thread(1).joins(2).at(
            {frame_in("/usr/lib/jvm/lib/libjli.so", "ContinueInNewThread"), caller, libc_frame("__libc_start_main")});
        builder.thread(2).ends_process();
        return applying(analyze(builder.build()));
    };
    EXPECT_EQ(main_at(frame_in("/usr/lib/jvm/bin/java")), Lines{});
    EXPECT_EQ(main_at(frame("main", "embedder.cpp", 3)), Lines{"T1: blocked"});
}

TEST(RuntimeHelpers, WhoAskedForTheEndWaitsForItRightly) {
    JavaVm builder;
    builder.java(3, {jvm("VMThread::execute(VM_Operation*)"), jvm("JVM_Halt"), jit()}, kMadeByJava);
    EXPECT_EQ(applying(analyze(builder.build())), Lines{});

    builder.process().reason = Reason::kTimeout;
    EXPECT_EQ(applying(analyze(builder.build())), Lines{"T3: blocked"}) << "it waits in vain";
}

/// As seen: the VM Thread has ended with the lock of the list of threads, from which others want to go.
TEST(RuntimeHelpers, LeaveALockThatWhoeverGoesWaitsFor) {
    const auto left = [](const Frames& at, Reason reason) {
        JavaVm builder;
        builder.process().reason = reason;
        builder.java(3, {}, kMadeByVirtualMachine).finished().holds(mutex(0x99)).acquired_at(kIdle);
        builder.java(4, at, kMadeByJava).waits_for(mutex(0x99));
        return applying(analyze(builder.build()));
    };
    const Frames goes = {jvm("Mutex::lock()"), jvm("ThreadsSMRSupport::smr_delete(JavaThread*)"), kJavaStart,
                         libc_frame("start_thread"), libc_frame("clone3")};
    Frames in_program = goes;
    in_program.insert(in_program.begin() + 1, frame_in("/opt/libagent.so"));

    EXPECT_EQ(left(goes, Reason::kExit), Lines{});
    Frames removes = goes;
    removes[1] = jvm("Threads::remove(JavaThread*, bool)");
    EXPECT_EQ(left(removes, Reason::kExit), Lines{});
    EXPECT_NE(left(goes, Reason::kTimeout), Lines{}) << "nothing ends that could keep it";
    EXPECT_NE(left(in_program, Reason::kExit), Lines{});
}

TEST(RuntimeHelpers, LeaveLocksThatNobodyWaitsFor) {
    const auto left = [](const Frames& acquired_at) {
        JavaVm builder;
        builder.java(3, {}, kMadeByVirtualMachine).finished().holds(mutex(0x99)).acquired_at(acquired_at);
        return shown(analyze(builder.build()));
    };
    EXPECT_EQ(left(kIdle), Lines{});
    EXPECT_EQ(left(kWaitsInJava), Lines{"fact orphaned-lock: T3"});
}

TEST(RuntimeHelpers, OfNodeAreKnownByTheirStartRoutines) {
    SnapshotBuilder builder;
    builder.thread(1).ends_process();
    const auto add = [&](uint32_t id, const std::string& routine) {
        builder.thread(id).waits_on(condition(id)).at({node("uv_cond_wait"), node(routine)}).entry(node(routine));
        builder.thread(id).created_by(1, {node("uv_thread_create_ex"), node("node::Start(int, char**)")});
    };
    add(2, "node::(anonymous namespace)::PlatformWorkerThread(void*)");
    add(3, "worker");
    add(4,
        "node::worker::Worker::StartThread(v8::FunctionCallbackInfo<v8::Value> "
        "const&)::{lambda(void*)#1}::_FUN(void*)");
    add(5, "");
    builder.thread(6).waits_on(condition(6)).at({frame("worker", "a.cpp", 3)}).entry(frame("worker", "a.cpp", 1));

    EXPECT_EQ(applying(analyze(builder.build())), (Lines{"T4: blocked", "T5: blocked", "T6: blocked"}));
}

/// T2, blocked, of a program with that path, whose every frame is its own.
struct OfThatName : SnapshotBuilder {
    explicit OfThatName(const std::string& path) {
        loaded(*this, path);
        loaded(*this, "/usr/lib/x86_64-linux-gnu/libc.so.6");
        const Frames at = {libc_frame("pthread_mutex_lock"), frame_in(path, "uv_mutex_lock"), frame_in(path, "worker"),
                           libc_frame("start_thread")};
        thread(1).ends_process();
        thread(2).waits_on(condition(2)).at(at).entry(frame_in(path, "worker"));
        thread(2).created_by(1, {frame_in(path, "main"), libc_frame("__libc_start_main")});
    }
};

TEST(RuntimeHelpers, IsNoMainThreadOfAProgramThatIsWhollyInLibc) {
    SnapshotBuilder builder;
    builder.thread(1).waits_for(mutex(0x20)).at({libc_frame("__lll_lock_wait"), libc_frame("abort")});
    builder.thread(2).ends_process();
    const snapshot::Snapshot snapshot = builder.build();

    EXPECT_FALSE(is_runtime_helper(snapshot, snapshot.threads[0]));
    EXPECT_EQ(analyze(snapshot).findings.size(), 1U);
}

TEST(RuntimeHelpers, AreNoneOfAProgramThatOnlyHasTheNameOfARuntime) {
    for (const char* const path : {"/home/me/java", "/home/me/node", "/home/me/nodejs", "/home/me/libnode.so"}) {
        EXPECT_EQ(applying(analyze(OfThatName(path).build())), Lines{"T2: blocked"}) << path;
    }
    OfThatName launcher("/home/me/java");
    launcher.thread(1).joins(2).at({frame_in("/home/me/java", "main"), libc_frame("__libc_start_main")});
    launcher.thread(1).thread().ends_process = false;
    launcher.thread(3).ends_process();
    EXPECT_EQ(applying(analyze(launcher.build())), (Lines{"T1: blocked", "T2: blocked"}));
}

TEST(RuntimeHelpers, NamedAsAProgramsThreadAreToldByTheirLibraryOrTheirCreator) {
    OfThatName created("/usr/bin/node");
    created.thread(2).created_by(1, {frame_in("/usr/bin/node", "uv_thread_create_ex"), node("uv_queue_work")});
    EXPECT_EQ(applying(analyze(created.build())), Lines{});

    OfThatName library("/usr/lib/x86_64-linux-gnu/libuv.so.1.0.0");
    EXPECT_EQ(applying(analyze(library.build())), Lines{});
}

/// A pool of Node works for the program: what a member does for it is told.
TEST(RuntimeHelpers, AMemberOfAPoolIsTheProgramsWhileItWorksForIt) {
    SnapshotBuilder builder;
    builder.thread(1).ends_process();
    const auto add = [&](uint32_t id, const Frames& in) -> snapshot::Thread& {
        Frames frames = in;
        frames.insert(frames.end(), {node("worker"), libc_frame("start_thread")});
        builder.thread(id).waits_on(condition(id)).at(frames).entry(node("worker"));
        builder.thread(id).created_by(1, {node("uv_thread_create_ex"), node("uv__work_submit")});
        return builder.thread(id).thread();
    };
    add(2, {libc_frame("pthread_cond_wait"), node("uv_cond_wait")});
    add(3, {libc_frame("read"), node("uv__fs_read"), node("uv__fs_work")}).state = State::kIo;
    add(4, {libc_frame("pthread_cond_wait"), node("uv_cond_wait"), node("node::crypto::Random()"),
            node("uv__queue_work")});
    snapshot::Thread& running = add(5, {libc_frame("pthread_cond_wait"), node("uv_cond_wait")});
    running.state = State::kRunning;
    running.stack_is_last_known = true;
    builder.thread(6).in(State::kRunning).entry(node("worker"));
    builder.thread(6).created_by(1, {node("uv_thread_create_ex"), node("uv__work_submit")});

    EXPECT_EQ(applying(analyze(builder.build())), (Lines{"T3: alive", "T4: blocked", "T5: alive", "T6: alive"}));
}

/// Nobody recorded where they begin, or who created them.
struct Unobserved : SnapshotBuilder {
    Unobserved() {
        thread(1).ends_process();
        process().observed = false;
        loaded(*this, "/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so");
    }
    ThreadBuilder& add(uint32_t id, Frames at) {
        at.insert(at.end(), {libc_frame("start_thread"), libc_frame("clone3")});
        return thread(id).waits_on(condition(id)).at(at);
    }
};

TEST(RuntimeHelpers, OfAnUnobservedVirtualMachineAreToldByWhatTheyRun) {
    Unobserved builder;
    const snapshot::Frame wait = jvm("os::PlatformMonitor::wait(long)");
    const snapshot::Frame java = jvm("JavaThread::thread_main_inner()");
    const snapshot::Frame call = jvm("Thread::call_run()");
    builder.add(2, {wait, jvm("VMThread::run()"), call, kJavaStart});
    builder.add(3, {wait, jvm("CompileBroker::compiler_thread_loop()"), java, call, kJavaStart});
    builder.add(4, {wait, jvm("thread_entry(JavaThread*, JavaThread*)"), java, call, kJavaStart});
    builder.add(5, {wait, jvm("Monitor::wait_without_safepoint_check(long)"), kJavaStart});  // has not begun
    builder.add(6, {wait, frame_in("/opt/libagent.so", "VMThread::run()"), kJavaStart});
    const auto add_interpreted = [&](uint32_t id, const char* name) {
        builder.thread(id).waits_on(condition(id)).at(kWaitsInJava).named(name);
        builder.snapshot().stacks[builder.thread(id).thread().stack].incomplete = true;
    };
    add_interpreted(7, "Finalizer");
    add_interpreted(8, "Finalizer");
    add_interpreted(9, "worker");

    EXPECT_EQ(applying(analyze(builder.build())),
              (Lines{"T4: blocked", "T5: blocked", "T6: blocked", "T8: blocked", "T9: blocked"}));
}

TEST(RuntimeHelpers, OfAnUnobservedNodeAreToldByWhatLibcCalled) {
    Unobserved builder;
    const snapshot::Frame wait = node("uv_cond_wait");
    const std::string other = "/home/me/node";
    builder.add(2, {wait, node("node::(anonymous namespace)::PlatformWorkerThread(void*)")});
    builder.add(3, {wait, node("worker")});
    builder.add(4, {libc_frame("read"), node("uv__fs_work"), node("worker")});
    builder.add(5, {wait, node("node::worker::Worker::StartThread()")});
    builder.add(6, {frame_in("/usr/lib/libuv.so.1", "uv_cond_wait"), frame_in(other, "worker")});

    EXPECT_EQ(applying(analyze(builder.build())), (Lines{"T4: blocked", "T5: blocked", "T6: blocked"}));
}

snapshot::Frame python(const std::string& function, const std::string& file) {
    snapshot::Frame made;
    made.language = snapshot::Language::kPython;
    made.module = "python 3.11";
    made.function = function;
    made.file = file;
    made.line = 7;
    return made;
}

TEST(Interpreters, OwnFramesAreTheRuntimes) {
    EXPECT_TRUE(is_interpreter_frame(frame_in("/usr/bin/python3.11")));
    EXPECT_TRUE(is_interpreter_frame(frame_in("/usr/lib/x86_64-linux-gnu/libpython3.12.so.1.0")));
    EXPECT_TRUE(
        is_interpreter_frame(frame_in("/usr/lib/python3.11/lib-dynload/_queue.cpython-311-x86_64-linux-gnu.so")));
    EXPECT_FALSE(is_interpreter_frame(frame_in("/usr/lib/python3/dist-packages/numpy.cpython-311.so")));
    EXPECT_FALSE(is_interpreter_frame(frame_in("/opt/pythonic/bin/tool")));
    EXPECT_FALSE(is_interpreter_frame(python("f", "/srv/python3.py")));
}

TEST(Interpreters, LibraryIsToldFromTheProgram) {
    for (const char* const file : {"/usr/lib/python3.11/queue.py", "<frozen importlib._bootstrap>"}) {
        EXPECT_TRUE(is_interpreted_library_frame(python("f", file))) << file;
    }
    for (const char* const file : {"/srv/app.py", "<stdin>", "/usr/lib/python3/dist-packages/apt.py",
                                   "/usr/local/lib/python3.11/site-packages/tool.py"}) {
        EXPECT_FALSE(is_interpreted_library_frame(python("f", file))) << file;
    }
}

TEST(Interpreters, AThreadThatIsWhollyInOneIsTheProgramsOwn) {
    SnapshotBuilder builder;
    builder.thread(1).ends_process();
    const Frames native = {frame_in("/usr/bin/python3.11"), libc_frame("start_thread")};
    builder.thread(2).waits_on(condition(2)).at(native).created_by(1, native).entry(frame_in("/usr/bin/python3.11"));

    EXPECT_EQ(applying(analyze(builder.build())), Lines{"T2: blocked"});
}

/// "VM Thread" ends with the lock of its list of threads.
TEST(LanguageRuntime, MayMisuseItsOwnLocks) {
    const Frames in_virtual_machine = {jvm("Mutex::lock()"), jvm("SafepointSynchronize::begin()"), kJavaStart,
                                       libc_frame("start_thread"), libc_frame("clone3")};
    Frames by_native_code = in_virtual_machine;
    by_native_code.insert(by_native_code.begin() + 1, frame("JNI_OnUnload", "native.c", 3));
    JavaVm java;
    for (const Frames& stack : {in_virtual_machine, by_native_code}) {
        snapshot::Misuse misuse;
        misuse.kind = snapshot::MisuseKind::kExitedHolding;
        misuse.object = mutex(0x10);
        misuse.stack = java.stack(stack);
        java.snapshot().misuses.push_back(misuse);
    }

    const snapshot::Snapshot& snapshot = java.build();
    EXPECT_TRUE(is_runtime_misuse(snapshot, snapshot.misuses[0]));
    EXPECT_FALSE(is_runtime_misuse(snapshot, snapshot.misuses[1]));
    const std::vector<snapshot::Misuse> told = find_misuses(snapshot, std::nullopt);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].stack, snapshot.misuses[1].stack);
}

}  // namespace
}  // namespace analyze
