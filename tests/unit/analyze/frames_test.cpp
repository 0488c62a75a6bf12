// SPDX-License-Identifier: Apache-2.0
#include "analyze/frames.h"

#include <gtest/gtest.h>

#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::frame;
using support::frame_in;

/// A frame of the program without debug information.
bool is_runtime_function(const std::string& function) {
    return is_runtime_frame(frame_in("/srv/bank/bin/bank", function));
}

bool is_runtime_file(const std::string& file) {
    snapshot::Frame in_file = frame("callback()", "", 1);
    in_file.file = file;
    return is_runtime_frame(in_file);
}

TEST(RuntimeFrame, IsEveryFrameOfARuntimeLibrary) {
    for (const char* module : {"/usr/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2",
                               "/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30", "/lib/x86_64-linux-gnu/libpthread.so.0",
                               "/lib/x86_64-linux-gnu/libc-2.31.so", "/lib/x86_64-linux-gnu/libgcc_s.so.1", "[vdso]"}) {
        EXPECT_TRUE(is_runtime_frame(frame_in(module))) << module;
    }
    for (const char* module :
         {"/usr/bin/xz", "/usr/lib/x86_64-linux-gnu/liblzma.so.5", "/srv/libcounter.so", "/srv/libstdcount.so", ""}) {
        EXPECT_FALSE(is_runtime_frame(frame_in(module))) << module;
    }
}

TEST(RuntimeFrame, IsLibraryCodeOfAStandardHeader) {
    for (const char* file :
         {"/usr/include/c++/12/bits/std_thread.h", "/usr/include/x86_64-linux-gnu/c++/12/bits/gthr.h",
          "/usr/lib/gcc/x86_64-linux-gnu/12/../../../../include/c++/12/mutex", "/usr/lib/llvm-14/include/c++/v1/thread",
          "/usr/include/x86_64-linux-gnu/bits/unistd.h",
          "/build/gcc-12/src/libstdc++-v3/src/c++11/condition_variable.cc"}) {
        EXPECT_TRUE(is_runtime_file(file)) << file;
    }
    for (const char* file :
         {"/src/bank/c++/teller.h", "/src/include/bits/teller.h", "/usr/include/boost/asio.hpp", "a.cpp"}) {
        EXPECT_FALSE(is_runtime_file(file)) << file;
    }
}

TEST(RuntimeFrame, IsAStandardFunctionWhereNoFileIsKnown) {
    for (const char* function :
         {"std::thread::join()", "_start", "__gthread_mutex_lock(pthread_mutex_t*)",
          "void std::__invoke_impl<void, void (*)()>(std::__invoke_other, void (*&&)())",
          "std::__invoke_result<void (*)(int), int>::type std::__invoke<void (*)(int), int>(void (*&&)(int), int&&)",
          "std::thread::_State_impl<std::thread::_Invoker<std::tuple<main::{lambda()#1}> > >::_M_run()",
          "decltype (((forward<int>)({parm#1}))()) std::forward_call<int>(int&&)",
          "__gnu_cxx::new_allocator<int>::allocate(unsigned long)"}) {
        EXPECT_TRUE(is_runtime_function(function)) << function;
    }
}

TEST(RuntimeFrame, IsNoFunctionOfTheProgramThatOnlySpeaksOfStandardTypes) {
    for (const char* function :
         {"main", "worker(std::vector<int>)", "std::vector<int> make<int>(std::string const&)", "standard()",
          "Channel<std::string>::receive()", "main::{lambda()#1}::operator()() const", "operator new(unsigned long)",
          "(anonymous namespace)::worker(std::thread&)", "void (anonymous namespace)::work<std::thread>(std::thread&)",
          "Bank::operator std::string() const", "worker(std::mutex&) [clone .isra.0]", ""}) {
        EXPECT_FALSE(is_runtime_function(function)) << function;
    }
}

TEST(RuntimeFrame, IsNoSpecializationInTheProgramsOwnFile) {
    EXPECT_FALSE(is_runtime_frame(frame("std::hash<Account>::operator()(Account const&) const", "account.h", 9)));
}

TEST(FirstProgramFrame, LiesBelowTheRuntimesFrames) {
    const snapshot::Stack stack{
        {support::libc_frame("pthread_cond_wait"), support::std_header_frame("std::condition_variable::wait<F>()"),
         frame("Channel<int>::receive()", "channel.hpp", 31), frame("worker()", "jobs.cpp", 12)}};

    EXPECT_EQ(first_program_frame(stack), &stack.frames[2]);
}

TEST(FirstProgramFrame, IsNullWhereAllFramesAreTheRuntimes) {
    EXPECT_EQ(first_program_frame(snapshot::Stack{{support::libc_frame("start_thread")}}), nullptr);
    EXPECT_EQ(first_program_frame(snapshot::Stack{}), nullptr);
}

TEST(FrameWords, AreTheFunctionOrElseTheModule) {
    EXPECT_EQ(frame_words(frame("worker()", "jobs.cpp", 12)), "worker()");
    EXPECT_EQ(frame_words(frame_in("/usr/bin/xz")), "xz");
    EXPECT_EQ(frame_words(snapshot::Frame()), "");
}

TEST(CloneSuffixes, AreCutOff) {
    EXPECT_EQ(without_clone_suffixes("worker.isra.0"), "worker");
    EXPECT_EQ(without_clone_suffixes("worker.part.12.constprop.3"), "worker");
    EXPECT_EQ(without_clone_suffixes("worker.cold"), "worker");
    EXPECT_EQ(without_clone_suffixes("worker(int) [clone .isra.0] [clone .cold]"), "worker(int)");
    EXPECT_EQ(without_clone_suffixes("worker(int) (.part.0)"), "worker(int)");
    EXPECT_EQ(without_clone_suffixes("worker.lto_priv.0.isra.0"), "worker");
}

TEST(CloneSuffixes, LeaveOtherNamesAlone) {
    for (const char* name : {"worker", "worker(int)", "main::{lambda()#1}::operator()() const", "v1.2", ".cold",
                             "partial.2", "", "worker.7", "f(int, ...)"}) {
        EXPECT_EQ(without_clone_suffixes(name), name);
    }
}

}  // namespace
}  // namespace analyze
