// SPDX-License-Identifier: Apache-2.0
//
// Test cases of Catch2 that leak threads, and some that do not; see frameworks_test.cpp.
#define CATCH_CONFIG_MAIN
#include <atomic>
#include <thread>

#include "loiter/catch2.h"
#include "tests/support/gate.h"

using loiter::ThreadLeakListener;
CATCH_REGISTER_LISTENER(ThreadLeakListener)

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
    SECTION("first") {
        CHECK(true);
    }
    SECTION("second") {
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
