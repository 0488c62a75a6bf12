// SPDX-License-Identifier: Apache-2.0
//
// Leaked threads as failures of the GoogleTest that created them. Header-only; without the library (run
// under `loiter gate`, `loiter run` or with libloiter.so preloaded) nothing is found and nothing fails.
//
//   int main(int argc, char** argv) {
//       testing::InitGoogleTest(&argc, argv);
//       testing::UnitTest::GetInstance()->listeners().Append(new loiter::ThreadLeakListener);
//       return RUN_ALL_TESTS();
//   }
//
// or, in one test: EXPECT_NO_THREAD_LEAKS(); for the rest of the block that it stands in.
#ifndef LOITER_GTEST_H
#define LOITER_GTEST_H

#include <gtest/gtest.h>

#include <string>

#include "loiter/thread_leaks.h"

namespace loiter {

/// Gives every thread that a test creates the test's name as label, and fails the test for those that stay.
/// What SetUpTestSuite creates is the suite's, and may stay as long as that. What a test's leaked
/// threads create after its end is told at the end of all tests, under that test's name.
class ThreadLeakListener : public testing::EmptyTestEventListener {
public:
    explicit ThreadLeakListener(LeakCheckOptions options = LeakCheckOptions()) : threads_(options) {}

    void OnTestSuiteStart(const testing::TestSuite& suite) override { threads_.begin(suite.name()); }
    void OnTestStart(const testing::TestInfo& test) override { threads_.begin(name_of(test)); }
    void OnTestEnd(const testing::TestInfo& test) override {
        const std::string leaks = threads_.end();
        // The line of the test: a click leads there.
        if (!leaks.empty()) ADD_FAILURE_AT(test.file(), test.line()) << leaks;
    }
    void OnTestSuiteEnd(const testing::TestSuite& suite) override {
        const std::string leaks = threads_.end();
        const testing::TestInfo* const first = suite.GetTestInfo(0);
        if (!leaks.empty()) ADD_FAILURE_AT(first->file(), first->line()) << leaks;
    }
    void OnTestIterationEnd(const testing::UnitTest&, int) override {
        const std::string leaks = threads_.end_of_all();
        if (!leaks.empty()) ADD_FAILURE_AT(nullptr, -1) << leaks;
    }

    static std::string name_of(const testing::TestInfo& test) {
        return std::string(test.test_suite_name()) + "." + test.name();
    }

private:
    TestThreads threads_;
};

namespace detail {

class ExpectNoThreadLeaks {
public:
    ExpectNoThreadLeaks(const char* file, int line, LeakCheckOptions options = LeakCheckOptions())
        : file_(file), line_(line), scope_(current_test(), options) {}
    ~ExpectNoThreadLeaks() {
        const std::string leaks = scope_.end();
        if (!leaks.empty()) ADD_FAILURE_AT(file_, line_) << leaks;
    }

private:
    static std::string current_test() {
        const testing::TestInfo* const test = testing::UnitTest::GetInstance()->current_test_info();
        return test != nullptr ? ThreadLeakListener::name_of(*test) : "no test";
    }

    const char* file_;
    int line_;
    ThreadLeakScope scope_;
};

}  // namespace detail
}  // namespace loiter

/// Fails the test for each thread that is created in the rest of this block and still there at its end. Arguments:
/// none, or a loiter::LeakCheckOptions.
#define EXPECT_NO_THREAD_LEAKS(...)                                                    \
    const ::loiter::detail::ExpectNoThreadLeaks LOITER_JOIN(loiter_scope_, __LINE__) { \
        __FILE__, __LINE__, ::loiter::LeakCheckOptions {                               \
            __VA_ARGS__                                                                \
        }                                                                              \
    }

#endif  // LOITER_GTEST_H
