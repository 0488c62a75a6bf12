// SPDX-License-Identifier: Apache-2.0
//
// Leaked threads as failures of the Catch2 test case that created them; Catch2 2 and 3. Header-only; without
// the library (run under `loiter gate`, `loiter run` or with libloiter.so preloaded) nothing is found and
// nothing fails.
//
//   #include <loiter/catch2.h>
//   using loiter::ThreadLeakListener;
//   CATCH_REGISTER_LISTENER(ThreadLeakListener)      // in one source file
//
// or, in one test case: CHECK_NO_THREAD_LEAKS(); for the rest of the block that it stands in.
#ifndef LOITER_CATCH2_H
#define LOITER_CATCH2_H

#if __has_include(<catch2/catch_test_macros.hpp>)
#include <catch2/catch_test_macros.hpp>
#include <catch2/interfaces/catch_interfaces_capture.hpp>
#include <catch2/reporters/catch_reporter_event_listener.hpp>
#include <catch2/reporters/catch_reporter_registrars.hpp>
#else
// Listeners are a part of version 2 that has to be asked for, before its header is first read.
#ifndef CATCH_CONFIG_EXTERNAL_INTERFACES
#define CATCH_CONFIG_EXTERNAL_INTERFACES
#endif
#include <catch2/catch.hpp>
#endif

#include <string>

#include "loiter/thread_leaks.h"

// Under CATCH_CONFIG_PREFIX_ALL Catch2 says CATCH_FAIL_CHECK.
#ifdef FAIL_CHECK
#define LOITER_CATCH_FAIL FAIL_CHECK
#else
#define LOITER_CATCH_FAIL CATCH_FAIL_CHECK
#endif

namespace loiter {

#if __has_include(<catch2/catch_test_macros.hpp>)
using CatchListener = Catch::EventListenerBase;
#else
using CatchListener = Catch::TestEventListenerBase;
#endif

/// Gives every thread that a test case creates its name as label, and fails the test case for those that stay: each
/// run through its sections has its own. What leaked threads create after their test case is the gate's to tell.
class ThreadLeakListener : public CatchListener {
public:
    using CatchListener::CatchListener;

    void testCaseStarting(const Catch::TestCaseInfo& test) override { name_ = test.name; }

    // A test case is itself the outermost section, once for each run through the inner ones.
    void sectionStarting(const Catch::SectionInfo&) override {
        if (depth_++ == 0) threads_.begin(name_);
    }
    void sectionEnded(const Catch::SectionStats&) override {
        if (--depth_ > 0) return;
        const std::string leaks = threads_.end();
        if (!leaks.empty()) LOITER_CATCH_FAIL(leaks);
    }

private:
    TestThreads threads_;
    std::string name_;
    int depth_ = 0;
};

namespace detail {

class CheckNoThreadLeaks {
public:
    explicit CheckNoThreadLeaks(LeakCheckOptions options = LeakCheckOptions())
        : scope_(Catch::getResultCapture().getCurrentTestName(), options) {}
    ~CheckNoThreadLeaks() {
        const std::string leaks = scope_.end();
        if (!leaks.empty()) LOITER_CATCH_FAIL(leaks);
    }

private:
    ThreadLeakScope scope_;
};

}  // namespace detail
}  // namespace loiter

/// Fails the test case for each thread that is created in the rest of this block and still there at its end.
/// Arguments: none, or a loiter::LeakCheckOptions.
#define CHECK_NO_THREAD_LEAKS(...)                                                    \
    const ::loiter::detail::CheckNoThreadLeaks LOITER_JOIN(loiter_scope_, __LINE__) { \
        ::loiter::LeakCheckOptions {                                                  \
            __VA_ARGS__                                                               \
        }                                                                             \
    }

#endif  // LOITER_CATCH2_H
