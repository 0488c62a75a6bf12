// SPDX-License-Identifier: Apache-2.0
//
// Leaked threads as failures of the doctest test case that created them. Header-only; without the library (run
// under `loiter gate`, `loiter run` or with libloiter.so preloaded) nothing is found and nothing fails.
//
//   #include <loiter/doctest.h>
//   REGISTER_LISTENER("thread-leaks", 1, loiter::ThreadLeakListener);      // in one source file
//
// or, in one test case: CHECK_NO_THREAD_LEAKS(); for the rest of the block that it stands in.
#ifndef LOITER_DOCTEST_H
#define LOITER_DOCTEST_H

#include <doctest/doctest.h>

#include <string>

#include "loiter/thread_leaks.h"

namespace loiter {

/// Gives every thread that a test case creates its name as label, and fails the run for those that stay, once for
/// each test case. What leaked threads create after their test case is the gate's to tell.
class ThreadLeakListener : public doctest::IReporter {
public:
    explicit ThreadLeakListener(const doctest::ContextOptions&) {}

    void test_case_start(const doctest::TestCaseData& test) override {
        test_ = &test;
        threads_.begin(test.m_name);
    }
    void test_case_end(const doctest::CurrentTestCaseStats& stats) override {
        const std::string leaks = threads_.end();
        if (leaks.empty()) return;
        DOCTEST_ADD_FAIL_CHECK_AT(test_->m_file.c_str(), static_cast<int>(test_->m_line), leaks);
        if (stats.testCaseSuccess) ++leaking_;
    }
    void test_run_end(const doctest::TestRunStats& stats) override {
        // doctest has judged a test case before it tells of its end. The statistics are a variable of its own.
        const_cast<doctest::TestRunStats&>(stats).numTestCasesFailed += leaking_;
    }

    void report_query(const doctest::QueryData&) override {}
    void test_run_start() override {}
    void test_case_reenter(const doctest::TestCaseData&) override {}
    void test_case_exception(const doctest::TestCaseException&) override {}
    void subcase_start(const doctest::SubcaseSignature&) override {}
    void subcase_end() override {}
    void log_assert(const doctest::AssertData&) override {}
    void log_message(const doctest::MessageData&) override {}
    void test_case_skipped(const doctest::TestCaseData&) override {}

private:
    TestThreads threads_;
    const doctest::TestCaseData* test_ = nullptr;
    unsigned leaking_ = 0;
};

namespace detail {

class CheckNoThreadLeaks {
public:
    CheckNoThreadLeaks(const char* file, int line, LeakCheckOptions options = LeakCheckOptions())
        : file_(file), line_(line), scope_(std::string(file) + ":" + std::to_string(line), options) {}
    ~CheckNoThreadLeaks() {
        const std::string leaks = scope_.end();
        if (!leaks.empty()) DOCTEST_ADD_FAIL_CHECK_AT(file_, line_, leaks);
    }

private:
    const char* file_;
    int line_;
    ThreadLeakScope scope_;
};

}  // namespace detail
}  // namespace loiter

/// Fails the test case for each thread that is created in the rest of this block and still there at its end.
/// Arguments: none, or a loiter::LeakCheckOptions.
#define CHECK_NO_THREAD_LEAKS(...)                                                    \
    const ::loiter::detail::CheckNoThreadLeaks LOITER_JOIN(loiter_scope_, __LINE__) { \
        __FILE__, __LINE__, ::loiter::LeakCheckOptions {                              \
            __VA_ARGS__                                                               \
        }                                                                             \
    }

#endif  // LOITER_DOCTEST_H
