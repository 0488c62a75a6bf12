// SPDX-License-Identifier: Apache-2.0
#include "render/stacks.h"

#include <gtest/gtest.h>

#include "tests/support/snapshot_builder.h"

namespace {

using support::frame;
using support::frame_in;
using support::Frames;
using support::inlined_frame;
using support::libc_frame;
using support::libstdcxx_frame;
using support::SnapshotBuilder;
using support::std_header_frame;

/// The lines of one stack.
std::string printed(const snapshot::Stack& stack, bool full_stacks = false) {
    snapshot::Snapshot snapshot;
    snapshot.stacks.push_back(stack);
    render::Page page;
    render::Stacks(snapshot, full_stacks).print(page, 1);
    return "\n" + page.laid_out(false);
}

const Frames kThread = {libc_frame("__lll_lock_wait"),
                        libc_frame("pthread_mutex_lock"),
                        std_header_frame("std::mutex::lock()", "std_mutex.h"),
                        frame("Bank::transfer(int, int)", "bank.cpp", 42),
                        frame("Teller::run()", "bank.cpp", 77),
                        std_header_frame("std::thread::_State_impl<>::_M_run()"),
                        libstdcxx_frame("execute_native_thread_routine"),
                        libc_frame("start_thread"),
                        libc_frame("clone3")};

TEST(Stacks, FoldPlumbingAtBothEnds) {
    EXPECT_EQ(printed({kThread}), R"(
    Bank::transfer(int, int)                 bank.cpp:42
    Teller::run()                            bank.cpp:77
)");
}

TEST(Stacks, FoldTheNamelessStartOfAStrippedProgram) {
    snapshot::Frame start = frame("", "", 0);
    EXPECT_EQ(printed({{frame("main", "bank.cpp", 90), libc_frame("__libc_start_call_main"), start}}), R"(
    main                                     bank.cpp:90
)");
}

snapshot::Frame python_frame(const std::string& function, const std::string& file, int line) {
    snapshot::Frame made = frame_in("python 3.11", function, 0);
    made.language = snapshot::Language::kPython;
    made.file = file;
    made.line = line;
    return made;
}

const snapshot::Frame kInterpreter = frame_in("/usr/bin/python3.11");

TEST(Stacks, FoldAnInterpreterBelowWhatItRuns) {
    const Frames waits = {python_frame("Queue.get", "/usr/lib/python3.11/queue.py", 171),
                          python_frame("work", "/srv/app.py", 12),
                          python_frame("Thread.run", "/usr/lib/python3.11/threading.py", 975),
                          kInterpreter,
                          kInterpreter,
                          libc_frame("clone3")};
    EXPECT_EQ(printed({waits}), R"(
    work                                     app.py:12
)");
    EXPECT_EQ(printed({{waits.front(), kInterpreter, libc_frame("clone3")}}), R"(
    Queue.get                                queue.py:171
)") << "nothing but the library";
}

TEST(Stacks, SayThatTheirThreadRan) {
    snapshot::Stack stack{{python_frame("work", "/srv/app.py", 12), kInterpreter}};
    stack.moving = true;
    EXPECT_EQ(printed(stack), R"(
    work                                     app.py:12
    ... (read while the thread ran: may be of several moments)
)");
}

TEST(Stacks, TellOfAnInterpreterThatItIsThere) {
    EXPECT_EQ(printed({{libc_frame("__futex_wait"), kInterpreter, kInterpreter, libc_frame("clone3")}}), R"(
    (2 frames of the Python interpreter)
)");
    EXPECT_EQ(printed({{python_frame("work", "/srv/app.py", 12), kInterpreter, frame("callback()", "tool.cpp", 3),
                        kInterpreter}}),
              R"(
    work                                     app.py:12
    (1 frame of the Python interpreter)
    callback()                               tool.cpp:3
)");
    EXPECT_EQ(printed({{kInterpreter}}, true), R"(
    0x9e10 in python3.11
)");
}

TEST(Stacks, AreWholeOnDemand) {
    EXPECT_EQ(printed({kThread}, true), R"(
    __lll_lock_wait                          libc.so.6+0x9e10
    pthread_mutex_lock                       libc.so.6+0x9e10
    std::mutex::lock()                       std_mutex.h:210
    Bank::transfer(int, int)                 bank.cpp:42
    Teller::run()                            bank.cpp:77
    std::thread::_State_impl<>::_M_run()     std_thread.h:210
    execute_native_thread_routine            libstdc++.so.6.0.30+0x9e10
    start_thread                             libc.so.6+0x9e10
    clone3                                   libc.so.6+0x9e10
)");
}

TEST(Stacks, KeepPlumbingBetweenFramesOfTheProgram) {
    EXPECT_EQ(printed({{frame("less(int, int)", "sort.cpp", 4), libc_frame("qsort"), frame("main", "sort.cpp", 9),
                        libc_frame("__libc_start_main")}}),
              R"(
    less(int, int)                           sort.cpp:4
    qsort                                    libc.so.6+0x9e10
    main                                     sort.cpp:9
)");
}

TEST(Stacks, OfPlumbingAloneAreShown) {
    EXPECT_EQ(printed({{libc_frame("poll"), libc_frame("start_thread")}}), R"(
    poll                                     libc.so.6+0x9e10
    start_thread                             libc.so.6+0x9e10
)");
}

TEST(Stacks, MarkInlinedCalls) {
    EXPECT_EQ(printed({{inlined_frame("Guard::Guard()", "guard.h", 5), frame("main", "bank.cpp", 90)}}), R"(
    Guard::Guard() (inlined)                 guard.h:5
    main                                     bank.cpp:90
)");
}

TEST(Stacks, TellWhereFramesWithoutNamesAre) {
    snapshot::Frame nowhere;
    nowhere.address = 0x7f0012345678;
    snapshot::Frame no_line = frame("generated()", "parser.y", 0);

    EXPECT_EQ(printed({{frame_in("/opt/lib/libfoo.so", "", 0x1234), frame_in("/opt/lib/libfoo.so", "foo_run", 0x2000),
                        nowhere, no_line}}),
              R"(
    0x1234 in libfoo.so
    foo_run                                  libfoo.so+0x2000
    0x7f0012345678 in unknown code
    generated()                              parser.y
)");
}

TEST(Stacks, SayWhereOuterFramesAreMissing) {
    const Frames frames = {frame("leaf()", "deep.cpp", 1)};

    EXPECT_EQ(printed({frames, true, false}), R"(
    leaf()                                   deep.cpp:1
    ... (deeper: outer frames were not recorded)
)");
    EXPECT_EQ(printed({frames, false, true}), R"(
    leaf()                                   deep.cpp:1
    ... (outer frames not known)
)");
}

TEST(Stacks, ShowARecursionOnce) {
    const snapshot::Frame fib = frame("fib(int)", "fib.cpp", 5);
    const snapshot::Frame base = frame("fib(int)", "fib.cpp", 3);
    const snapshot::Frame main = frame("main", "fib.cpp", 9);

    EXPECT_EQ(printed({{base, fib, fib, fib, fib, main}}), R"(
    fib(int)                                 fib.cpp:3
    fib(int)                                 fib.cpp:5
    ... (the frame above 3 more times)
    main                                     fib.cpp:9
)");
    EXPECT_EQ(printed({{base, fib, fib, main}}), R"(
    fib(int)                                 fib.cpp:3
    fib(int)                                 fib.cpp:5
    fib(int)                                 fib.cpp:5
    main                                     fib.cpp:9
)");
}

TEST(Stacks, ShowOneTurnOfFunctionsThatCallEachOther) {
    const snapshot::Frame even = frame("even(int)", "parity.cpp", 4);
    const snapshot::Frame odd = frame("odd(int)", "parity.cpp", 8);

    EXPECT_EQ(printed({{even, odd, even, odd, even, odd, even, frame("main", "parity.cpp", 12)}}), R"(
    even(int)                                parity.cpp:4
    odd(int)                                 parity.cpp:8
    ... (the 2 frames above 2 more times)
    even(int)                                parity.cpp:4
    main                                     parity.cpp:12
)");
}

TEST(Stacks, SayHowManyFramesAreLeftOutBetweenBothEnds) {
    const snapshot::Frame fib = frame("fib(int)", "fib.cpp", 5);
    snapshot::Frame after = fib;
    after.left_out_before = 1872;

    EXPECT_EQ(printed({{fib, fib, fib, after, fib, fib, fib, frame("main", "fib.cpp", 9)}}), R"(
    fib(int)                                 fib.cpp:5
    ... (the frame above 2 more times)
    ... (1,872 frames left out)
    fib(int)                                 fib.cpp:5
    ... (the frame above 3 more times)
    main                                     fib.cpp:9
)");
}

TEST(Stacks, TellFilesOfEqualNameApartByTheirFolders) {
    snapshot::Frame one = frame("a::run()", "a/run.cpp", 1);
    snapshot::Frame two = frame("b::run()", "b/run.cpp", 2);
    snapshot::Frame three = frame("main", "main.cpp", 3);
    snapshot::Frame relative = frame("tool()", "", 4);
    relative.file = "run.cpp";

    EXPECT_EQ(printed({{one, two, three, relative}}), R"(
    a::run()                                 a/run.cpp:1
    b::run()                                 b/run.cpp:2
    main                                     main.cpp:3
    tool()                                   run.cpp:4
)");
}

TEST(Stacks, MoveTheColumnForLongNames) {
    const std::string name(60, 'f');

    EXPECT_EQ(printed({{frame(name, "long.cpp", 1), frame("main", "main.cpp", 3)}}),
              "\n    " + name + "  long.cpp:1\n    main" + std::string(58, ' ') + "main.cpp:3\n");
}

TEST(Stacks, DoNotMoveTheColumnForVeryLongNames) {
    const std::string name(90, 'f');

    EXPECT_EQ(printed({{frame(name, "long.cpp", 1), frame("main", "main.cpp", 3)}}),
              "\n    " + name + "  long.cpp:1\n    main" + std::string(37, ' ') + "main.cpp:3\n");
}

TEST(Stacks, CutEndlessNamesUnlessTheyAreWantedWhole) {
    const std::string name = "head" + std::string(200, 'f') + "tail";

    EXPECT_EQ(printed({{frame(name, "long.cpp", 1)}}),
              "\n    head" + std::string(50, 'f') + "..." + std::string(49, 'f') + "tail  long.cpp:1\n");
    EXPECT_EQ(printed({{frame(name, "long.cpp", 1)}}, true), "\n    " + name + "  long.cpp:1\n");
}

TEST(Stacks, DisarmNames) {
    EXPECT_EQ(printed({{frame("ev\x1bil()", "e\x1bvil.cpp", 1), frame_in("/lib/e\x07vil.so", "", 0x10)}}), R"(
    ev\x1bil()                               e\x1bvil.cpp:1
    0x10 in e\x07vil.so
)");
}

TEST(Stacks, OfNoNumberAreEmpty) {
    const snapshot::Snapshot snapshot;
    const render::Stacks stacks(snapshot, false);
    render::Page page;
    stacks.print(page, 77);

    EXPECT_EQ(page.laid_out(false), "");
    EXPECT_TRUE(stacks.is_empty(77));
    EXPECT_TRUE(stacks.shown(77).empty());
}

TEST(Stacks, KnowARoutineBehindWhatIsInlinedIntoIt) {
    SnapshotBuilder builder;
    const auto worker = builder.stack({inlined_frame("setup()", "jobs.cpp", 3), frame("worker()", "jobs.cpp", 10)});
    const auto plumbing = builder.stack({libstdcxx_frame("execute_native_thread_routine")});
    const snapshot::Snapshot snapshot = builder.build();
    const render::Stacks stacks(snapshot, false);

    ASSERT_NE(stacks.routine(worker), nullptr);
    EXPECT_EQ(stacks.routine(worker)->function, "worker()");
    EXPECT_EQ(stacks.routine(plumbing), nullptr);
    EXPECT_EQ(stacks.routine(0), nullptr);
}

}  // namespace
