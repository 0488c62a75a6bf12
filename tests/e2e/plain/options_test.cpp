// SPDX-License-Identifier: Apache-2.0
//
// LOITER_OPTIONS: what it says is done; what is wrong with it is one line, and the program runs on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/plain/plain.h"
#include "tests/support/report.h"

namespace plain {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

support::Outcome echo(const std::string& options) {
    return support::run(preloaded({"echo", "word"}, options));
}

support::Outcome end(const std::string& options) {
    return support::run(preloaded({ODD_ENDS, "none"}, options));
}

struct Mistake {
    const char* options;
    const char* words;

    friend std::ostream& operator<<(std::ostream& out, const Mistake& one) { return out << one.options; }
};

class Mistaken : public testing::TestWithParam<Mistake> {};

TEST_P(Mistaken, OptionIsOneLineAndChangesNothing) {
    const support::Outcome outcome = echo(GetParam().options);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "word\n");
    EXPECT_EQ(line_count(outcome.errors), 1);
    EXPECT_THAT(outcome.errors, AllOf(StartsWith("loiter: LOITER_OPTIONS: "), HasSubstr(GetParam().words)));
}

const std::string kLongName(2000, 'x');
const std::string kLongPath = "log_path=/" + kLongName;

INSTANTIATE_TEST_SUITE_P(
    Every, Mistaken,
    testing::Values(Mistake{"bogus=1", "unknown key 'bogus'"}, Mistake{"bogus", "unknown key"},
                    Mistake{"grace=", "is no time"}, Mistake{"grace=5x", "is no time"},
                    Mistake{"grace=-1s", "is no time"}, Mistake{"grace=99999999999999999999s", "is no time"},
                    Mistake{"signal=TERM", "'TERM'"}, Mistake{"signal=RT31", "RT0 to RT30"},
                    Mistake{"report=never", "is not exit"}, Mistake{"color=red", "is not auto"},
                    Mistake{"format=xml", "is not text"}, Mistake{"all=2", "is not 1 or 0"},
                    Mistake{"dir=", "is empty"}, Mistake{"dir=/no/such/folder", "cannot be written"},
                    Mistake{"log_path=", "is empty"}, Mistake{"suppressions=", "is empty"},
                    Mistake{"timeout=5s", "needs the command"}, Mistake{"watch=5s", "needs the command"},
                    Mistake{"fail_on=deadlock", "needs the command"}, Mistake{"children=no", "needs the command"},
                    Mistake{"baseline=f", "needs the command"}, Mistake{kLongName.c_str(), "unknown key"},
                    Mistake{kLongPath.c_str(), "is too long"}),
    [](const auto& mistake) { return "Number" + std::to_string(mistake.index); });

TEST(PlainOptions, ThatAreRightAreSilent) {
    for (const char* const options :
         {"", ":", "::", "report=none", "report=exit", "report=signal,exit", "signal=none", "signal=USR2",
          "signal=RT30", "grace=0", "grace=1.5s", "grace=2m", "color=always:format=json:all:full_stacks=0", "help=0"}) {
        EXPECT_EQ(echo(options).errors, "") << options;
        EXPECT_EQ(echo(options).output, "word\n") << options;
    }
}

TEST(PlainOptions, BesideAMistakeCount) {
    const support::Outcome outcome = end("bogus=1:grace=20ms:format=json");
    EXPECT_EQ(line_count(outcome.errors), 2);
    EXPECT_THAT(outcome.errors, HasSubstr("\"schema\":\"loiter-report/1\""));
}

TEST(PlainOptions, HelpListsTheKeys) {
    const support::Outcome outcome = echo("help=1");
    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "word\n");
    for (const char* const key : {"report", "signal", "log_path", "format", "color", "all", "full_stacks", "grace",
                                  "dir", "suppressions", "help"}) {
        EXPECT_THAT(outcome.errors, HasSubstr("  " + std::string(key) + "="));
    }
}

TEST(PlainOptions, SuppressionsAcceptWhatTheyFit) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/accepted";
    std::ofstream(file) << "verdict:blocked\n";
    EXPECT_EQ(end("grace=1ms:suppressions=" + file).errors, "");

    std::ofstream(file) << "nonsense\n";
    const std::string errors = end("grace=1ms:suppressions=" + file).errors;
    EXPECT_THAT(errors, StartsWith("loiter: " + file + ":1: 'nonsense' is not kind:pattern"));
    EXPECT_THAT(errors, HasSubstr("FOUND: 1 blocked thread")) << "the report is made all the same";
}

TEST(PlainOptions, ReportNoneKeepsSilent) {
    EXPECT_EQ(end("report=none").errors, "");
    EXPECT_EQ(end("report=signal").errors, "");
}

TEST(PlainOptions, AColonInAValueIsEscaped) {
    const support::TemporaryFolder folder;
    end("grace=1ms:log_path=" + folder.path() + "/a\\:b:format=json");
    const auto file = std::filesystem::directory_iterator(folder.path())->path();
    EXPECT_THAT(file.filename().string(), StartsWith("a:b."));
    EXPECT_EQ(report::Json::parse(report::read_text(file)).at("schema"), "loiter-report/1");
}

TEST(PlainOptions, ALogFileThatCannotBeWrittenIsOneLineWithTheRecording) {
    const support::TemporaryFolder folder;
    const support::Outcome outcome = end("grace=1ms:log_path=/no/such/folder/log:dir=" + folder.path());
    EXPECT_EQ(line_count(outcome.errors), 1);
    EXPECT_THAT(outcome.errors, HasSubstr("loiter report " + folder.path() + "/loiter-"));
}

TEST(PlainOptions, ACleanProcessMakesNoLogFile) {
    const support::TemporaryFolder folder;
    const std::string program = "import threading; t = threading.Thread(target=print); t.start(); t.join()";
    support::run(preloaded({"python3", "-c", program}, "all=1:report=none:log_path=" + folder.path() + "/log"));
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(PlainOptions, AllShowsCleanProcessesToo) {
    const std::string program = "import threading; t = threading.Thread(target=print); t.start(); t.join()";
    EXPECT_EQ(support::run(preloaded({"python3", "-c", program}, "grace=1ms")).errors, "");
    EXPECT_THAT(support::run(preloaded({"python3", "-c", program}, "grace=1ms:all=1")).errors, HasSubstr("T1"));
}

TEST(PlainOptions, ColorAlwaysColors) {
    EXPECT_THAT(end("grace=1ms:color=always").errors, HasSubstr("\x1b["));
    EXPECT_THAT(end("grace=1ms:color=auto").errors, Not(HasSubstr("\x1b[")));
}

TEST(PlainOptions, AFolderIsMadeAndKeepsRecordingsOfCleanEndsToo) {
    const support::TemporaryFolder folder;
    const std::string program = "import threading; t = threading.Thread(target=print); t.start(); t.join()";
    EXPECT_EQ(support::run(preloaded({"python3", "-c", program}, "dir=" + folder.path() + "/new")).errors, "");
    EXPECT_EQ(recordings_in(folder.path() + "/new"), 1U);
}

TEST(PlainOptions, ARelativeFolderBeginsWhereTheProcessStarts) {
    const std::string script = "cd /proc && LOITER_OPTIONS=dir=new LD_PRELOAD=" LOITER_LIBRARY " exec /bin/true";
    EXPECT_EQ(support::run({{"/bin/sh", "-c", script}}).errors,
              "loiter: LOITER_OPTIONS: dir='/proc/new' cannot be written (a relative folder begins where each process "
              "starts: give an absolute one); recordings go to the usual folders\n");
}

TEST(PlainOptions, DoNotMatterUnderTheCommand) {
    support::Command command{{LOITER_COMMAND, "gate", "--grace", "20ms", ODD_ENDS, "two-threads"}};
    command.environment = {{"LOITER_OPTIONS", "bogus=1:log_path=/nowhere/log"}};
    const support::Outcome outcome = support::run(command);
    EXPECT_EQ(outcome.status, 7);
    EXPECT_THAT(outcome.errors, AllOf(HasSubstr("2 blocked"), Not(HasSubstr("bogus"))));
}

}  // namespace
}  // namespace plain
