// SPDX-License-Identifier: Apache-2.0
#include "analyze/frames.h"

#include <gtest/gtest.h>

#include "analyze/function_name.h"
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
    for (const char* file : {"/src/bank/c++/teller.h", "/src/include/bits/teller.h", "/usr/include/zlib.h", "a.cpp"}) {
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

TEST(LibraryFrame, IsOneOfALibraryThatProgramsWaitIn) {
    for (const char* file :
         {"/usr/include/boost/thread/detail/thread.hpp", "/usr/include/oneapi/tbb/concurrent_queue.h",
          "/root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/crossbeam-channel-0.5.8/src/channel.rs",
          "/usr/include/x86_64-linux-gnu/qt5/QtCore/qmutex.h"}) {
        snapshot::Frame in_file = frame("callback()", "", 1);
        in_file.file = file;
        EXPECT_EQ(origin_of(in_file), Origin::kLibrary) << file;
    }
    for (const char* module : {"/usr/lib/x86_64-linux-gnu/libtbb.so.12", "/usr/lib/x86_64-linux-gnu/libgomp.so.1",
                               "/usr/lib/x86_64-linux-gnu/libglib-2.0.so.0"}) {
        EXPECT_EQ(origin_of(frame_in(module)), Origin::kLibrary) << module;
    }
    for (const char* file : {"/home/me/crossbeam-notes/src/main.rs", "/home/me/boost/main.cpp"}) {
        snapshot::Frame in_file = frame("callback()", "", 1);
        in_file.file = file;
        EXPECT_EQ(origin_of(in_file), Origin::kProgram) << file;
    }
}

TEST(RuntimeFrame, IsOneOfRustsLibraryInTheProgramItself) {
    EXPECT_TRUE(is_runtime_file("/rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/thread/mod.rs"));
    for (const char* function :
         {"std::sys::backtrace::__rust_begin_short_backtrace", "__rust_try", "core::ops::function::FnOnce::call_once",
          "<core::panic::unwind_safe::AssertUnwindSafe<F> as core::ops::function::FnOnce<()>>::call_once"}) {
        EXPECT_TRUE(is_runtime_function(function)) << function;
    }
    EXPECT_FALSE(is_runtime_function("<jobs::Queue as core::iter::Iterator>::next"));
}

TEST(FirstProgramFrame, OfAStackOfLibrariesAloneIsTheLibrarys) {
    const snapshot::Stack stack{{support::libc_frame("syscall"), frame_in("/usr/lib/libtbb.so.12"),
                                 frame_in("/usr/lib/libtbb.so.12"), support::libc_frame("start_thread")}};

    EXPECT_EQ(first_program_frame(stack), &stack.frames[1]);
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

TEST(QualifiedName, HasNoTypesAndNoArguments) {
    const std::pair<const char*, const char*> names[] = {
        {"std::latch::wait() const", "std::latch::wait"},
        {"void std::__atomic_wait_address<int, std::latch::wait() const::{lambda()#1}>(int const*)",
         "std::__atomic_wait_address"},
        {"std::sync::mpmc::list::Channel<T>::recv::{{closure}}", "std::sync::mpmc::list::Channel::recv::{{closure}}"},
        {"<std::sync::mpsc::Receiver<i32>>::recv", "std::sync::mpsc::Receiver::recv"},
        {"<core::panic::AssertUnwindSafe<F> as core::ops::FnOnce<()>>::call_once",
         "core::panic::AssertUnwindSafe::call_once"},
        {"(anonymous namespace)::worker(std::thread&)", "(anonymous namespace)::worker"},
        {"std::__future_base::_Async_state_impl<F, void>::~_Async_state_impl()",
         "std::__future_base::_Async_state_impl::~_Async_state_impl"},
        {"g_mutex_lock", "g_mutex_lock"},
        {"broken<<<", "broken"},
        {"<", ""},
        {"", ""}};
    for (const auto& [function, name] : names) EXPECT_EQ(qualified_name(function), name) << function;
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
