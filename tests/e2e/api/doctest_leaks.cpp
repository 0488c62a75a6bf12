// SPDX-License-Identifier: Apache-2.0
//
// Test cases of doctest that leak threads, and some that do not; see frameworks_test.cpp.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <atomic>
#include <thread>

#include "loiter/doctest.h"
#include "tests/support/gate.h"

REGISTER_LISTENER("thread-leaks", 1, loiter::ThreadLeakListener);

namespace {

gate::Flag g_never;

void stay() {
    g_never.await_open();
}

TEST_CASE("joins its threads") {
    std::thread([] {}).join();
    CHECK(true);
}

TEST_CASE("leaves one a run") {
    std::thread(stay).detach();
    SUBCASE("first") {
        CHECK(true);
    }
    SUBCASE("second") {
        CHECK(true);
    }
}

TEST_CASE("expects one to stay") {
    loiter_expect_next_thread();
    std::thread(stay).detach();
    CHECK(true);
}

TEST_CASE("has a scope") {
    {
        CHECK_NO_THREAD_LEAKS(std::chrono::milliseconds(20));
        std::thread(stay).detach();
    }
    CHECK(true);
}

}  // namespace
