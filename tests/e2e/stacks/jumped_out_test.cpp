// SPDX-License-Identifier: Apache-2.0
//
// What a thread left by a jump out of a signal handler, it no longer waits in, though it never came back from it.
#include <gtest/gtest.h>

#include "tests/e2e/stacks/dumped.h"
#include "tests/support/eventually.h"

namespace {

using dumped::Json;
using dumped::Words;

/// Of a program that has said that its worker left.
class JumpedOut {
public:
    explicit JumpedOut(Words arguments) : target_(dumped::observed(arguments, folder_)) {
        is_up_ = target_.await_output("left");
    }
    bool is_up() const { return is_up_; }
    Json worker() const { return dumped::thread_named(dumped::dump_json(target_.pid()), "worker"); }

private:
    support::TemporaryFolder folder_;
    support::Running target_;
    bool is_up_ = false;
};

TEST(JumpOutOfAHandler, EndsTheWaitOfAThreadThatIsSeenToWork) {
    for (const Words& call :
         std::vector<Words>{{"read"}, {"read", "locks"}, {"flock"}, {"pause", "locks"}, {"waitpid"}, {"sleep"}}) {
        SCOPED_TRACE(testing::PrintToString(call));
        Words arguments{JUMPED_OUT};
        arguments.insert(arguments.end(), call.begin(), call.end());
        JumpedOut program(arguments);
        ASSERT_TRUE(program.is_up());

        Json worker;
        EXPECT_TRUE(support::eventually([&] { return (worker = program.worker()).at("state") == "spinning"; }))
            << worker.dump(1);

        EXPECT_EQ(worker.at("waits_for"), nullptr);
        EXPECT_EQ(worker.at("timed"), false);
        EXPECT_EQ(worker.at("settled"), false);
        EXPECT_EQ(worker.at("stack_is"), "last-known");
    }
}

TEST(JumpOutOfAHandler, IsNoneWhereTheKernelItselfIsAtWorkInTheWait) {
    JumpedOut program({JUMPED_OUT, "reads"});
    ASSERT_TRUE(program.is_up());

    for (int looks = 0; looks < 5; ++looks) {
        const Json worker = program.worker();
        EXPECT_NE(worker.at("state"), "spinning") << worker.dump(1);
    }
}

}  // namespace
