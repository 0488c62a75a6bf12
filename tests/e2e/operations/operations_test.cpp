// SPDX-License-Identifier: Apache-2.0
//
// One table: each operation that blocks, and what the report says of the thread that is in it, live and at
// the end of its process: state, kind, owner, and the program's line.
#include "tests/e2e/operations/operations_test.h"

#include <gmock/gmock.h>

namespace operations {
namespace {

using enum Owner;

struct Program {
    std::string name;
    std::string source;
    std::string package;  ///< that its library comes from
    std::vector<Row> rows;
};

std::ostream& operator<<(std::ostream& out, const Program& program) {
    return out << program.name;
}

const std::vector<Row> kCpp = {
    {"mutex", "mutex lock", "mutex", kMain},
    {"recursive", "mutex lock", "mutex", kMain},
    {"timed_mutex", "mutex lock", "mutex", kMain},
    {"try_lock_for", "mutex lock", "mutex", kMain, kTimed},
    {"try_lock_until", "mutex lock", "mutex", kMain, kTimed},
    {"scoped_lock", "mutex lock", "mutex", kMain},
    {"condition", "cond wait", "condition"},
    {"condition_for", "cond wait", "condition", kNobody, kTimed},
    {"condition_until", "cond wait", "condition", kNobody, kTimed},
    {"any", "cond wait", "condition"},
    {"any_stop", "cond wait", "condition"},
    {"shared_mutex", "rwlock write", "rwlock", kMain},
    {"lock_shared", "rwlock read", "rwlock", kMain},
    {"lock_shared_for", "rwlock read", "rwlock", kMain, kTimed},
    {"thread_join", "join", "thread", kOwnThread},
    {"jthread", "join", "thread", kOwnThread},
    {"future_end", "async wait", "thread", kOwnThread},
    {"async_get", "async wait", "thread", kOwnThread},
    {"async_get_too", "async wait", "once", kPrevious},
    {"promise", "future wait", "future"},
    {"promise_for", "future wait", "future", kNobody, kTimed},
    {"packaged_task", "future wait", "future"},
    {"latch", "latch", "latch"},
    {"latch_arrive", "latch", "latch"},
    {"barrier", "barrier", "barrier"},
    {"semaphore", "semaphore", "semaphore"},
    {"binary", "semaphore", "semaphore"},
    {"acquire_for", "semaphore", "semaphore", kNobody, kTimed},
    {"atomic", "atomic wait", "atomic"},
    {"atomic_flag", "atomic wait", "atomic"},
    {"atomic_wide", "atomic wait", "atomic"},
    {"call_once_too", "once", "once", kPrevious},
    {"static_too", "once", "once", kPrevious},
    {"sleep_for", "sleep", "", kNobody, kTimed},
    {"sleep_until", "sleep", "", kNobody, kTimed},
};

const std::vector<Program> kPrograms = {
    {"cpp_plain", "cpp_operations.cpp", "g++", kCpp},
    {"cpp_optimized", "cpp_operations.cpp", "g++", kCpp},
    {"c",
     "c_operations.cpp",
     "g++",
     {
         {"mtx_lock", "mutex lock", "mutex", kMain},
         {"mtx_timedlock", "mutex lock", "mutex", kMain, kTimed},
         {"cnd_wait", "cond wait", "condition"},
         {"cnd_timedwait", "cond wait", "condition", kNobody, kTimed},
         {"thrd_join", "join", "thread", kOwnThread},
         {"thrd_sleep", "sleep", "", kNobody, kTimed},
         {"c11_once_too", "once", "once", kPrevious},
         {"sem_wait", "semaphore", "semaphore"},
         {"sem_timedwait", "semaphore", "semaphore", kNobody, kTimed},
         {"barrier_wait", "barrier", "barrier"},
         {"rdlock", "rwlock read", "rwlock", kMain},
         {"wrlock", "rwlock write", "rwlock", kMain},
         {"once_too", "once", "once", kPrevious},
         {"nanosleep", "sleep", "", kNobody, kTimed},
         {"futex", "futex", "futex"},
         {"futex_pi", "futex", "futex", kMain},
         outside("getc", "io getc", "pipe"),
         outside("fread", "io fread", "pipe"),
         outside("system", "child wait", "(sh -c cat"),
         {"puts", "mutex lock", "stream", kMain},
         {"spin_lock", "spin lock", "spin lock", kMain},
     }},
    {"glib",
     "glib_operations.cpp",
     "libglib2.0-dev",
     {
         {"g_mutex", "glib mutex", "mutex"},
         {"g_rec_mutex", "mutex lock", "mutex", kMain},
         {"g_rw_reader", "rwlock read", "rwlock", kMain},
         {"g_rw_writer", "rwlock write", "rwlock", kMain},
         {"g_cond", "glib cond", "condition"},
         {"g_cond_until", "glib cond", "condition", kNobody, kTimed},
         {"g_queue", "glib queue", "queue"},
         {"g_queue_timed", "glib queue", "queue", kNobody, kTimed},
         {"g_once_too", "glib once", "once"},
         {"g_thread_join", "join", "thread", kOwnThread},
         outside("g_main_loop", "io poll", "eventfd"),
         {"g_usleep", "sleep", "", kNobody, kTimed},
     }},
    {"abseil",
     "abseil_operations.cpp",
     "libabsl-dev",
     {
         {"mutex", "abseil mutex", "mutex"},
         {"reader", "abseil reader lock", "mutex"},
         {"condvar", "abseil condvar", "condition"},
         {"condvar_timed", "abseil condvar", "condition", kNobody, kTimed},
         {"await", "abseil mutex", "mutex"},
         {"notification", "abseil notification", "notification"},
         {"counter", "abseil counter", "counter"},
         {"barrier", "abseil barrier", "barrier"},
         {"sleep", "sleep", "", kNobody, kTimed},
     }},
    {"boost",
     "boost_operations.cpp",
     "libboost-thread-dev",
     {
         {"mutex", "mutex lock", "mutex", kMain},
         {"shared_read", "rwlock read", "rwlock"},
         {"shared_write", "rwlock write", "rwlock"},
         {"condition", "cond wait", "condition"},
         {"condition_for", "cond wait", "condition", kNobody, kTimed},
         {"future", "future wait", "future"},
         {"barrier", "barrier", "barrier"},
         {"join", "join", "thread"},
         {"sleep", "sleep", "time", kNobody, kTimed},
     }},
    {"tbb",
     "tbb_operations.cpp",
     "libtbb-dev",
     {
         {"pop", "tbb queue", "queue"},
         {"push", "tbb queue", "queue"},
         {"parallel_for", "tbb task wait", "task"},
     }},
    {"tbb_worker",
     "tbb_worker.cpp",
     "libtbb-dev",
     {
         {.operation = "worker", .state = "tbb worker", .kind = "pool", .library = "libtbb.so"},
     }},
    {"openmp",
     "openmp_operations.cpp",
     "libgomp1",
     {
         {"barrier", "omp barrier", "barrier"},
         {"region", "omp region", "region"},
         {"critical_too", "omp critical", "lock"},
         {"omp_set_lock", "omp lock", "lock"},
     }},
    {"qt",
     "qt_operations.cpp",
     "qtbase5-dev",
     {
         {"mutex", "qt mutex", "mutex"},
         {"read", "qt rwlock read", "rwlock"},
         {"write", "qt rwlock write", "rwlock"},
         {"semaphore", "qt semaphore", "semaphore"},
         {"condition", "cond wait", "condition"},
         {"thread", "join", "thread"},
         {"sleep", "sleep", "", kNobody, kTimed},
     }},
    {"rust",
     "rust_operations.rs",
     "rustc",
     {
         {"mutex", "rust mutex", "mutex"},
         {"read", "rust rwlock read", "rwlock"},
         {"write", "rust rwlock write", "rwlock"},
         {"condvar", "rust condvar", "condition"},
         {"condvar_timed", "rust condvar", "condition", kNobody, kTimed},
         {"receive", "rust channel", "channel"},
         {"receive_timed", "rust channel", "channel", kNobody, kTimed},
         {"send", "rust channel", "channel"},
         {"rendezvous", "rust channel", "channel"},
         {"barrier", "rust barrier", "barrier"},
         {"park", "rust park", "parker"},
         {"park_timed", "rust park", "parker", kNobody, kTimed},
         {"once_too", "rust once", "once"},
         {"cell_too", "rust once", "once"},
         {"scope", "rust scope join", "scope", kOwnThread},
         {"join", "join", "thread", kOwnThread},
         {"sleep", "sleep", "", kNobody, kTimed},
         outside("accept", "io accept4", "tcp 127.0.0.1:"),
         outside("wait", "child wait", "(cat)"),
         outside("output", "io poll", "pipe"),
     }},
};

class Operations : public testing::TestWithParam<Program> {
protected:
    void SetUp() override {
        const Program& program = GetParam();
        command_ = std::string(OPERATION_PROGRAMS) + "/" + program.name;
        if (!std::filesystem::exists(command_)) {
            GTEST_SKIP() << "not built, its library was missing: apt-get install " << program.package;
        }
    }

    report::Site site_of(const Row& row) const {
        return report::site_of(std::string(OPERATION_SOURCES) + "/" + GetParam().source, row.operation);
    }

    std::string command_;
};

TEST_P(Operations, AreNamedInADumpOfTheLiveProcess) {
    const support::TemporaryFolder folder;
    support::Running target(observed({command_, "live"}, folder.path()));
    ASSERT_TRUE(target.await_output("blocked"));

    const Json report = Json::parse(dump(target.pid(), "json"));
    const std::string text = dump(target.pid(), "text");

    for (const Row& row : GetParam().rows) {
        SCOPED_TRACE(row.operation);
        const Json& thread = thread_named(report, row.operation);
        expect_told(report, thread, row);
        if (row.library.empty()) {
            expect_starts_at(text, thread.at("id"), site_of(row));
        } else {
            EXPECT_THAT(first_frame(text, thread.at("id")), testing::HasSubstr(row.library));
        }
    }
}

TEST(FutureOfAsync, IsNotSaidToHoldTheOnceThatItIsMadeWithin) {
    const support::TemporaryFolder folder;
    for (const char* const build : {"cpp_plain", "cpp_optimized"}) {
        support::Running target(observed({std::string(OPERATION_PROGRAMS) + "/" + build, "live"}, folder.path()));
        ASSERT_TRUE(target.await_output("blocked"));
        EXPECT_THAT(dump(target.pid(), "json"), testing::HasSubstr("__future_base"));
        EXPECT_THAT(dump(target.pid(), "text"), testing::Not(testing::HasSubstr("holds once")));
    }
}

TEST_P(Operations, AreNamedAtTheEndOfTheProcess) {
    const support::Observed gated = support::observe(LOITER_COMMAND, "gate", {"--grace", "0ms", "--children", "no"},
                                                     {.arguments = {command_, "leave"}});
    EXPECT_EQ(gated.outcome.status, 86) << gated.outcome.errors;
    ASSERT_EQ(gated.reports.size(), 1U);
    const Json& report = gated.reports.front();

    for (const Row& row : GetParam().rows) {
        SCOPED_TRACE(row.operation);
        const Json& thread = thread_named(report, row.operation);
        expect_told(report, thread, row);
        expect_finding(report, thread, row, row.library.empty() ? site_of(row).function : row.library);
    }
}

INSTANTIATE_TEST_SUITE_P(Of, Operations, testing::ValuesIn(kPrograms), [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace operations
