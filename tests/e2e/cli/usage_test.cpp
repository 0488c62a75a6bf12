// SPDX-License-Identifier: Apache-2.0
//
// Wrong command lines: status 2, one line, and no program was started.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Case {
    Words arguments;
    std::string problem;
};

void PrintTo(const Case& wrong, std::ostream* stream) {
    *stream << wrong.problem;
}

class Usage : public testing::TestWithParam<Case> {};

TEST_P(Usage, IsAnsweredByOneLineAndStatusTwo) {
    const support::TemporaryFolder folder;
    const std::string marker = folder.path() + "/started";
    support::Command command = loiter(GetParam().arguments);
    const bool runs = command.arguments.size() > 2 && (command.arguments[1] == "run" || command.arguments[1] == "gate");
    if (runs) command.arguments.insert(command.arguments.end(), {"touch", marker});
    command.directory = folder.path();

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.errors, StartsWith("loiter: "));
    EXPECT_THAT(outcome.errors, HasSubstr(GetParam().problem));
    EXPECT_EQ(line_count(outcome.errors), 1);
    EXPECT_FALSE(std::filesystem::exists(marker));
}

INSTANTIATE_TEST_SUITE_P(
    WrongOptions, Usage,
    testing::Values(Case{{"run", "--nosuch"}, "--nosuch"}, Case{{"run", "--watch", "soon", "true"}, "--watch"},
                    Case{{"gate", "--suppressions", "no-such-file", "true"}, "no-such-file"},
                    Case{{"gate", "--baseline", "no-such-file", "true"}, "no-such-file"},
                    Case{{"gate", "--children", "some"}, "some"}, Case{{"run", "--strict", "true"}, "--strict"},
                    Case{{"run", "--stop-running"}, "--stop-running"}, Case{{"run", "--format", "yaml"}, "yaml"},
                    Case{{"run", "--color", "red"}, "red"}, Case{{"run", "--timeout", "soon"}, "soon"},
                    Case{{"run", "--timeout", "-1s"}, "-1s"}, Case{{"run", "--grace", "long"}, "long"},
                    Case{{"gate", "--fail-on", "deadlock,stuck"}, "stuck"},
                    Case{{"run", "-o", "/nosuch/folder/file"}, "/nosuch/folder/file"},
                    Case{{"run", "-o", "/nosuch/folder/%p"}, "/nosuch/folder/%p"},
                    Case{{"run", "-o", "/"}, "cannot write /"}, Case{{"run", "--dir", "/nosuch/a/b"}, "/nosuch/a/b"},
                    Case{{"run", "--dir", "/bin/true"}, "/bin/true"},
                    Case{{"run", "--dir", "/proc"}, "cannot record in /proc"},
                    Case{{"ps", "--dir", "no-such-folder"}, "no-such-folder cannot be read"},
                    Case{{"gate", "--suppressions", ""}, "--suppressions: the name of the file is empty"}));

INSTANTIATE_TEST_SUITE_P(WrongCommands, Usage,
                         testing::Values(Case{{}, "no command"}, Case{{"run"}, "no program"},
                                         Case{{"gate"}, "no program"}, Case{{"diff", "a"}, "NEW"},
                                         Case{{"doctor"}, "TARGET"}, Case{{"doctor", "a", "b"}, "b"},
                                         Case{{"dump"}, "PID"}, Case{{"dump", "x"}, "x"}, Case{{"report"}, "SOURCE"},
                                         Case{{"report", "--stop-running", "12"}, "--stop-running"},
                                         Case{{"ps", "--nosuch"}, "--nosuch"}, Case{{"help", "nosuch"}, "nosuch"}));

TEST(Help, GoesToStandardOutput) {
    for (const Words& arguments : std::vector<Words>{{"help"}, {"--help"}, {"help", "gate"}, {"dump", "-h"}}) {
        const support::Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_THAT(outcome.output, HasSubstr("Usage: loiter"));
        EXPECT_EQ(outcome.errors, "");
    }
}

TEST(Version, IsOneLine) {
    const support::Outcome outcome = run({"--version"});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "loiter 0.1.0\n");
}

}  // namespace
}  // namespace cli
