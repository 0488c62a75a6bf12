// SPDX-License-Identifier: Apache-2.0
//
// What reports say of threads that wait for descriptors, files, children and signals: while they live, and
// from the recording that SIGKILL leaves.
#include <gtest/gtest.h>

#include <csignal>

#include "tests/support/report.h"
#include "tests/targets/recorded_program.h"

namespace {

using report::Json;
using support::RecordedProgram;

struct Case {
    const char* row;
    const char* state;
    bool timed = false;
};

void PrintTo(const Case& one, std::ostream* out) {
    *out << one.row;
}

class StuckIn : public testing::TestWithParam<Case> {
protected:
    /// Returns the line of the call, once its thread sleeps in it.
    int start(RecordedProgram& recorded) {
        const uint32_t at = support::said_number(recorded.program(), "at");
        const support::RawRecording raw(recorded.first_recording());
        EXPECT_TRUE(support::eventually([&] {
            const protocol::ThreadRecord* const thread = raw.numbered(2);
            return thread != nullptr && thread->wait.kind != protocol::WaitKind::kNone;
        }));
        return static_cast<int>(at);
    }

    static Json run(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), LOITER_COMMAND);
        arguments.insert(arguments.end(), {"--format", "json"});
        const support::Outcome outcome = support::run({std::move(arguments)});
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        return Json::parse(outcome.output);
    }

    static void expect_told(const Json& thread, int line) {
        EXPECT_EQ(thread["state"], GetParam().state);
        EXPECT_EQ(thread["timed"], GetParam().timed);
        EXPECT_EQ(thread["left_seconds"].is_null(), !GetParam().timed);
        EXPECT_FALSE(thread["for_seconds"].is_null());
        const std::vector<Json> frames = report::program_frames(thread["stack"]);
        EXPECT_TRUE(std::any_of(frames.begin(), frames.end(), [=](const Json& frame) { return frame["line"] == line; }))
            << report::describe(thread["stack"]);
    }
};

TEST_P(StuckIn, IsToldOfTheLivingAndOfTheDead) {
    RecordedProgram recorded({EACH_WRAPPER, GetParam().row, "blocked"});
    const int line = start(recorded);

    const Json live = run({"dump", std::to_string(recorded.program().pid())});
    expect_told(report::thread(live, 2), line);

    kill(recorded.program().pid(), SIGKILL);
    recorded.program().finish();
    const Json dead = run({"report", recorded.first_recording()});
    EXPECT_EQ(dead["process"]["reason"], "post-mortem");
    expect_told(report::thread(dead, 2), line);
}

INSTANTIATE_TEST_SUITE_P(
    Row, StuckIn,
    testing::Values(Case{"read", "io read"}, Case{"__recv_chk", "io recv"}, Case{"writev", "io writev"},
                    Case{"accept4", "io accept4"}, Case{"connect", "io connect"}, Case{"select", "io select", true},
                    Case{"ppoll", "io ppoll", true}, Case{"fgets", "io fgets"},
                    Case{"mq_timedreceive", "io mq_timedreceive", true}, Case{"flock", "file lock"},
                    Case{"fcntl", "file lock"}, Case{"lockf", "file lock"}, Case{"waitpid", "child wait"},
                    Case{"system", "child wait"}, Case{"sigwait", "signal wait"}, Case{"pause", "signal wait"}),
    [](const auto& one) { return std::string(one.param.row); });

TEST(ManyReads, LeaveTheLineOfTheOneThatWaits) {
    RecordedProgram recorded({MANY_READS});
    const int line = static_cast<int>(support::said_number(recorded.program(), "at"));
    const support::RawRecording raw(recorded.first_recording());
    // Its thread sleeps: the program has looked.
    ASSERT_TRUE(recorded.program().await_output("waiting"));

    kill(recorded.program().pid(), SIGKILL);
    recorded.program().finish();
    const support::Outcome outcome =
        support::run({{LOITER_COMMAND, "report", recorded.first_recording(), "--format", "json"}});
    const Json thread = report::thread(Json::parse(outcome.output), 2);

    EXPECT_EQ(thread["state"], "io read");
    const std::vector<Json> frames = report::program_frames(thread["stack"]);
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(frames.front()["line"], line);
    EXPECT_EQ(thread["stack_incomplete"], frames.size() == 1);
    EXPECT_EQ(report::thread(Json::parse(outcome.output), 1)["state"], "running");
}

}  // namespace
