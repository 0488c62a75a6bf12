// SPDX-License-Identifier: Apache-2.0
//
// Tests of GoogleTest that leak threads, and some that do not; see frameworks_test.cpp.
#include <atomic>
#include <thread>

#include "loiter/gtest.h"
#include "tests/support/gate.h"

namespace {

gate::Flag g_never;

void stay() {
    g_never.await_open();
}

std::atomic<bool> g_go{false};
std::atomic<bool> g_gone{false};
std::atomic<bool> g_is_late{false};

class Suite : public testing::Test {
protected:
    static void SetUpTestSuite() { std::thread(stay).detach(); }
};

TEST_F(Suite, JoinsItsThreads) {
    std::thread([] {}).join();
}

TEST(Leaks, OneNowAndOneLater) {
    std::thread([] {
        gate::await([] { return g_go.load(); });
        std::thread([] { g_is_late = true, stay(); }).detach();
        stay();
    }).detach();
}

TEST(Leaks, NoneThatEndsWithinTheGraceTime) {
    static std::atomic<bool> has_test_ended{false};
    std::thread([] {
        gate::await([] { return has_test_ended.load(); });
        for (int i = 0; i < 20; ++i) gate::pause_a_moment();
    }).detach();
    has_test_ended = true;
}

TEST(Leaks, NoneThatIsExpectedToStay) {
    loiter_expect_next_thread();
    std::thread(stay).detach();
}

TEST(Leaks, NoneOfAnotherTestsThread) {
    EXPECT_NO_THREAD_LEAKS();
    g_go = true;
    gate::await([] { return g_is_late.load(); });
}

TEST(Scope, TellsOfItsBlockAlone) {
    std::thread before([] { gate::await([] { return g_gone.load(); }); });
    {
        EXPECT_NO_THREAD_LEAKS(std::chrono::milliseconds(20));
        std::thread(stay).detach();
    }
    g_gone = true;
    before.join();
}

}  // namespace

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    loiter::LeakCheckOptions options;
    options.grace = std::chrono::seconds(argc > 1 && std::string(argv[1]) == "short" ? 0 : 3);
    options.tell_when_absent = argc > 1 && std::string(argv[1]) == "tell";
    testing::UnitTest::GetInstance()->listeners().Append(new loiter::ThreadLeakListener(options));
    return RUN_ALL_TESTS();
}
