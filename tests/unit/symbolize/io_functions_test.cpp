// SPDX-License-Identifier: Apache-2.0
#include "symbolize/io_functions.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace {

constexpr char kLibc[] = "/lib/x86_64-linux-gnu/libc.so.6";
constexpr char kProgram[] = "/usr/bin/program";

using Named = std::pair<const char*, const char*>;  ///< module, function

snapshot::Stack stack_of(const std::vector<Named>& frames, bool incomplete = false) {
    snapshot::Stack stack;
    for (const auto& [module, function] : frames) {
        snapshot::Frame& frame = stack.frames.emplace_back();
        frame.module = module;
        frame.function = function;
    }
    stack.incomplete = incomplete;
    return stack;
}

std::string called(const std::vector<Named>& frames, bool incomplete = false) {
    return symbolize::called_function(stack_of(frames, incomplete));
}

TEST(CalledFunction, IsTheOutermostOfTheInnermostFramesOfLibc) {
    EXPECT_EQ(called({{kLibc, "read"}, {kLibc, "_IO_file_underflow"}, {kLibc, "_IO_fgets"}, {kProgram, "main"}}),
              "fgets");
    EXPECT_EQ(called({{kLibc, "__poll"}, {kLibc, ""}, {kLibc, "getaddrinfo"}, {kProgram, "look_up"}}), "getaddrinfo");
    EXPECT_EQ(called({{"/lib/libnss_mdns.so.2", "wait"}, {kLibc, "getaddrinfo"}, {kProgram, "look_up"}}),
              "getaddrinfo");
}

TEST(CalledFunction, EndsWhereTheProgramIsCalledBack) {
    EXPECT_EQ(called({{kLibc, "read"}, {kProgram, "compare"}, {kLibc, "qsort"}, {kProgram, "main"}}), "read");
    EXPECT_EQ(called({{kLibc, "recv"}, {kProgram, "run"}, {kLibc, "start_thread"}, {kLibc, "clone3"}}), "recv");
    EXPECT_EQ(called({{kLibc, "accept4"}, {kLibc, "start_thread"}, {kLibc, "clone3"}}), "accept4");
}

TEST(CalledFunction, OfLibcsOwnThreadsIsWhatTheyCall) {
    EXPECT_EQ(called({{kLibc, "read"}, {kLibc, "handle_fildes_io"}, {kLibc, "start_thread"}, {kLibc, "clone3"}}),
              "read");
    EXPECT_EQ(called({{kLibc, "__poll"}, {kLibc, "getaddrinfo"}, {kLibc, "handle_requests"}, {kLibc, "start_thread"}}),
              "getaddrinfo");
}

TEST(CalledFunction, ThatCannotBeToldIsNone) {
    EXPECT_EQ(called({}), "");
    EXPECT_EQ(called({{kProgram, "raw_read"}, {kLibc, "start_thread"}}), "");
    EXPECT_EQ(called({{kLibc, "read"}, {kLibc, "_IO_file_underflow"}}, true), "") << "its caller is not known";
    EXPECT_EQ(called({{kLibc, "read"}, {kProgram, "main"}}, true), "read");
    EXPECT_EQ(called({{kLibc, "syscall"}, {kProgram, "main"}}), "") << "the kernel's name says more";
    EXPECT_EQ(called({{kLibc, "__poll"}, {kLibc, ""}, {kProgram, "main"}}), "");
}

TEST(PlainFunction, IsWhatTheProgramWrote) {
    EXPECT_EQ(symbolize::plain_function("__read_chk"), "read");
    EXPECT_EQ(symbolize::plain_function("_IO_getc"), "getc");
    EXPECT_EQ(symbolize::plain_function("__isoc99_fscanf"), "fscanf");
    EXPECT_EQ(symbolize::plain_function("__GI___libc_read"), "read");
    EXPECT_EQ(symbolize::plain_function("_IO_new_popen"), "popen");
    EXPECT_EQ(symbolize::plain_function("__fopen_internal"), "fopen");
    EXPECT_EQ(symbolize::plain_function("lio_listio_internal"), "lio_listio");
    EXPECT_EQ(symbolize::plain_function("__open64_nocancel"), "open64");
    EXPECT_EQ(symbolize::plain_function("recv@@GLIBC_2.2.5"), "recv");
    EXPECT_EQ(symbolize::plain_function("_"), "_");
    EXPECT_EQ(symbolize::plain_function(""), "");
}

TEST(IoFunction, OfThreadsInIoOnlyIsReplaced) {
    snapshot::Snapshot seen;
    seen.stacks.push_back(stack_of({{kLibc, "read"}, {kLibc, "fgets"}, {kProgram, "main"}}));
    for (const snapshot::State state : {snapshot::State::kIo, snapshot::State::kFileLock}) {
        snapshot::Thread& thread = seen.threads.emplace_back();
        thread.state = state;
        thread.io_function = "read";
        thread.stack = 1;
    }
    symbolize::name_io_functions(seen);
    EXPECT_EQ(seen.threads[0].io_function, "fgets");
    EXPECT_EQ(seen.threads[1].io_function, "read");
}

TEST(IoFunction, HasABoundOnlyWhereItsCallerGaveIt) {
    snapshot::Snapshot seen;
    seen.stacks.push_back(stack_of({{kLibc, "__poll"}, {kLibc, "getaddrinfo"}, {kProgram, "main"}}));
    seen.stacks.push_back(stack_of({{kLibc, "select"}, {kProgram, "main"}}));
    seen.stacks.push_back(stack_of({{kLibc, "semtimedop"}, {kProgram, "main"}}));
    for (const char* const function : {"poll", "pselect", "semtimedop"}) {
        snapshot::Thread& thread = seen.threads.emplace_back();
        thread.state = snapshot::State::kIo;
        thread.io_function = function;
        thread.stack = static_cast<snapshot::StackIndex>(seen.threads.size());
        thread.timed = function != std::string("semtimedop");
        thread.left_seconds = 5;
    }
    symbolize::name_io_functions(seen);
    EXPECT_EQ(seen.threads[0].io_function, "getaddrinfo");
    EXPECT_FALSE(seen.threads[0].timed);
    EXPECT_FALSE(seen.threads[0].left_seconds);
    EXPECT_EQ(seen.threads[1].io_function, "select");
    EXPECT_TRUE(seen.threads[1].timed);
    EXPECT_EQ(seen.threads[1].left_seconds, 5);
    EXPECT_EQ(seen.threads[2].io_function, "semop");
}

}  // namespace
