// SPDX-License-Identifier: Apache-2.0
#include "doctor/process_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

#include "tests/unit/doctor/shown.h"

namespace doctor {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

ProcessFacts observed() {
    ProcessFacts facts;
    facts.pid = 42;
    facts.exists = facts.is_own = true;
    facts.exe = "/bin/server";
    facts.library = "/lib/loiter/libloiter.so";
    facts.preload_names_library = true;
    facts.is_secure = false;
    facts.recording_is_readable = true;
    facts.recording = "/dev/shm/loiter-42-1-0000000000000001";
    return facts;
}

ProcessFacts not_observed() {
    ProcessFacts facts = observed();
    facts.library = "";
    facts.preload_names_library = false;
    facts.recording_is_readable = false;
    return facts;
}

struct ProcessCase {
    std::string complaint;
    std::string says;
    ProcessFacts (*facts)();
    std::function<void(ProcessFacts&)> spoil;
};

void PrintTo(const ProcessCase& spoilt, std::ostream* stream) {
    *stream << spoilt.complaint << ": " << spoilt.says;
}

class ProcessCheck : public testing::TestWithParam<ProcessCase> {};

TEST_P(ProcessCheck, NamesWhatIsAmissAndNothingElse) {
    ProcessFacts facts = GetParam().facts();
    GetParam().spoil(facts);

    const std::vector<Check> checks = check_process(facts);

    ASSERT_THAT(complaints(checks), ElementsAre(GetParam().complaint));
    const std::string about = GetParam().complaint.substr(GetParam().complaint.find(' ') + 1);
    EXPECT_THAT(check_about(checks, about).reason, HasSubstr(GetParam().says));
    EXPECT_TRUE(all_complaints_advise(checks));
}

INSTANTIATE_TEST_SUITE_P(
    OfAnObservedProcess, ProcessCheck,
    testing::Values(
        ProcessCase{"no process", "no process 42", observed, [](ProcessFacts& facts) { facts.exists = false; }},
        ProcessCase{"no process", "has ended", observed, [](ProcessFacts& facts) { facts.has_ended = true; }},
        ProcessCase{"no process", "kernel", observed, [](ProcessFacts& facts) { facts.is_kernel_thread = true; }},
        ProcessCase{"no rights", "user 7", observed,
                    [](ProcessFacts& facts) {
                        facts.is_own = false;
                        facts.user = 7;
                        facts.maps_error = EACCES;
                    }},
        ProcessCase{"no rights", "undumpable", observed,
                    [](ProcessFacts& facts) {
                        facts.is_dumpable = false;
                        facts.maps_error = EACCES;
                    }},
        ProcessCase{"no recording", "other version", observed,
                    [](ProcessFacts& facts) {
                        facts.recording_is_readable = false;
                        facts.recording = "of an other version";
                    }},
        ProcessCase{"warn recording", "no thread so far", observed,
                    [](ProcessFacts& facts) {
                        facts.recording_is_readable = false;
                        facts.recording_is_coming = true;
                        facts.recording = "it has made no thread so far";
                    }},
        ProcessCase{"warn seccomp", "no report comes", observed,
                    [](ProcessFacts& facts) { facts.has_own_filter = true; }},
        ProcessCase{"warn signal", "own handler", observed,
                    [](ProcessFacts& facts) {
                        facts.disposition = Disposition::kHandled;
                        facts.is_of_run = true;
                    }},
        ProcessCase{"warn signal", "kill -USR1 42 gives no report", observed,
                    [](ProcessFacts& facts) { facts.disposition = Disposition::kHandled; }},
        ProcessCase{"warn signal", "ignores USR1", observed,
                    [](ProcessFacts& facts) { facts.disposition = Disposition::kIgnored; }},
        ProcessCase{"warn signal", "all its threads block USR1", observed,
                    [](ProcessFacts& facts) { facts.disposition = Disposition::kBlocked; }},
        ProcessCase{"warn ptrace", "ptrace_scope is 1", observed, [](ProcessFacts& facts) {
                        facts.states_error = EPERM;
                        facts.ptrace_scope = 1;
                    }}));

INSTANTIATE_TEST_SUITE_P(
    OfAnUnobservedProcess, ProcessCheck,
    testing::Values(ProcessCase{"no library", "started without LD_PRELOAD", not_observed, [](ProcessFacts&) {}},
                    ProcessCase{"no library", "statically linked", not_observed,
                                [](ProcessFacts& facts) { facts.program.obstacle = launch::Obstacle::kStatic; }},
                    ProcessCase{"no library", "setuid", not_observed,
                                [](ProcessFacts& facts) { facts.is_secure = true; }},
                    ProcessCase{"no library", "setuid", not_observed,
                                [](ProcessFacts& facts) {
                                    facts.is_secure.reset();
                                    facts.program.obstacle = launch::Obstacle::kPrivileged;
                                }},
                    ProcessCase{"no library", "cannot be read", not_observed,
                                [](ProcessFacts& facts) { facts.preload_names_library.reset(); }},
                    ProcessCase{"no library", "though LD_PRELOAD names it", not_observed,
                                [](ProcessFacts& facts) { facts.preload_names_library = true; }},
                    ProcessCase{"no library", "parent removed LD_PRELOAD", not_observed,
                                [](ProcessFacts& facts) { facts.is_of_run = true; }},
                    // Not a privileged start by what the kernel says, whatever the file says to this user.
                    ProcessCase{"no library", "started without LD_PRELOAD", not_observed,
                                [](ProcessFacts& facts) { facts.program.obstacle = launch::Obstacle::kPrivileged; }}));

TEST(ProcessChecks, FindNothingAmissWithAnObservedProcess) {
    EXPECT_THAT(complaints(check_process(observed())), IsEmpty());
}

TEST(ProcessChecks, SayWhereAProcessIs) {
    ProcessFacts facts = observed();
    facts.other_files = true;
    EXPECT_THAT(check_about(check_process(facts), "namespaces").reason, HasSubstr("/proc/PID/root"));
    facts.other_pid_namespace = true;
    EXPECT_THAT(check_about(check_process(facts), "namespaces").reason, HasSubstr("thread ids"));
    EXPECT_THAT(complaints(check_process(facts)), IsEmpty());
}

}  // namespace
}  // namespace doctor
