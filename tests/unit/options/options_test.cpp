// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace command {
namespace {

using analyze::Verdict;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Words = std::vector<std::string>;

/// What the user is told; empty when the command line is good.
std::string complaint(const Words& arguments) {
    try {
        parse(arguments);
        return "";
    } catch (const UsageError& error) {
        return error.what();
    }
}

std::string complaint_about_duration(const std::string& text) {
    try {
        parse_duration(text);
        return "";
    } catch (const UsageError& error) {
        return error.what();
    }
}

TEST(Durations, TakeUnitsAndFractions) {
    EXPECT_EQ(parse_duration("500ms"), milliseconds(500));
    EXPECT_EQ(parse_duration("60s"), milliseconds(60'000));
    EXPECT_EQ(parse_duration("2m"), milliseconds(120'000));
    EXPECT_EQ(parse_duration("1h"), milliseconds(3'600'000));
    EXPECT_EQ(parse_duration("7"), milliseconds(7'000));
    EXPECT_EQ(parse_duration("0.2s"), milliseconds(200));
    EXPECT_EQ(parse_duration("1.5m"), milliseconds(90'000));
    EXPECT_EQ(parse_duration("0"), milliseconds(0));
}

TEST(Durations, RefuseWhatIsNoTime) {
    for (const char* text :
         {"", "s", "ms", "5x", "5 s", " 5", "5s ", "-1", "-0", "+1", "inf", "nan", "0x10", "1e3", "5sm"}) {
        EXPECT_THAT(complaint_about_duration(text), HasSubstr("is no time")) << text;
    }
    EXPECT_THAT(complaint_about_duration("9999999h"), HasSubstr("more than a year"));
    EXPECT_THAT(complaint_about_duration(std::string(400, '9')), Not(""));
}

TEST(Verdicts, AreTakenByTheirWords) {
    EXPECT_THAT(parse_verdicts("deadlock"), ElementsAre(Verdict::kDeadlock));
    EXPECT_THAT(parse_verdicts("unjoined,self-deadlock,lost-wakeup,lock-order,asleep"),
                ElementsAre(Verdict::kSelfDeadlock, Verdict::kLostWakeup, Verdict::kAsleep, Verdict::kUnjoined,
                            Verdict::kLockOrder));
}

TEST(Verdicts, UnknownOnesAreNamed) {
    EXPECT_THAT(complaint({"gate", "--fail-on", "deadlock,stuck", "true"}),
                HasSubstr("--fail-on: 'stuck' is no verdict"));
    EXPECT_THAT(complaint({"gate", "--fail-on", "", "true"}), HasSubstr("is no verdict"));
    EXPECT_THAT(complaint({"gate", "--fail-on", "blocked,", "true"}), HasSubstr("is no verdict"));
}

TEST(Options, HaveTheirDefaults) {
    const Options options = parse({"gate", "true"});

    EXPECT_EQ(options.command, Command::kGate);
    EXPECT_THAT(options.destinations, ElementsAre(Destination{Format::kText, ""}));
    EXPECT_EQ(options.color, Color::kAuto);
    EXPECT_EQ(options.directory, "");
    EXPECT_FALSE(options.all);
    EXPECT_FALSE(options.full_stacks);
    EXPECT_FALSE(options.timeout.has_value());
    EXPECT_EQ(options.grace, milliseconds(500));
    EXPECT_THAT(options.fail_on, ElementsAre(Verdict::kDeadlock, Verdict::kSelfDeadlock, Verdict::kOrphanedLock,
                                             Verdict::kAsleep, Verdict::kBlocked, Verdict::kAlive, Verdict::kUnjoined));
}

TEST(Options, AreAllTakenByRun) {
    const Options options =
        parse({"run", "--format=json", "-o", "out.%p", "--color", "never", "--all", "--full-stacks", "--timeout", "2m",
               "--grace=1s", "--fail-on", "blocked", "--dir", "kept", "prog", "-x"});

    EXPECT_EQ(options.command, Command::kRun);
    EXPECT_THAT(options.destinations, ElementsAre(Destination{Format::kJson, "out.%p"}));
    EXPECT_EQ(options.color, Color::kNever);
    EXPECT_TRUE(options.all);
    EXPECT_TRUE(options.full_stacks);
    EXPECT_EQ(options.timeout, milliseconds(120'000));
    EXPECT_EQ(options.grace, milliseconds(1'000));
    EXPECT_THAT(options.fail_on, ElementsAre(Verdict::kBlocked));
    EXPECT_EQ(options.directory, "kept");
    EXPECT_THAT(options.program, ElementsAre("prog", "-x"));
}

TEST(Options, TheLastOneOfAKindCounts) {
    EXPECT_EQ(parse({"run", "--grace", "1s", "--grace", "2s", "true"}).grace, milliseconds(2'000));
}

TEST(Formats, MayBeSeveralEachWithAFile) {
    const Options options = parse({"gate", "--format", "junit=out.xml", "--format", "sarif=a=b.sarif", "--format",
                                   "text", "--format=github", "make", "test"});

    EXPECT_THAT(options.destinations,
                ElementsAre(Destination{Format::kJunit, "out.xml"}, Destination{Format::kSarif, "a=b.sarif"},
                            Destination{Format::kText, ""}, Destination{Format::kGithub, ""}));
    EXPECT_THAT(options.program, ElementsAre("make", "test"));
}

TEST(Formats, WithoutAFileGoWhereTheOptionSays) {
    EXPECT_THAT(parse({"run", "-o", "out.%p", "--format", "pprof", "--format", "text=log", "ls"}).destinations,
                ElementsAre(Destination{Format::kPprof, "out.%p"}, Destination{Format::kText, "log"}));
    EXPECT_EQ(complaint({"run", "-o", "out", "--format", "text=log", "ls"}),
              "-o: nothing goes to out: every --format has a file of its own");
}

TEST(Formats, ShareAPlaceOnlyWhereBothCanBeRead) {
    EXPECT_EQ(complaint({"run", "--format", "text", "--format", "json", "ls"}),
              "--format: text and json cannot share a stream; give each a file of its own: --format json=FILE");
    EXPECT_EQ(complaint({"run", "--format", "sarif=./x", "--format", "junit=x", "ls"}),
              "--format: sarif and junit cannot share ./x; give each a file of its own: --format junit=FILE");
    EXPECT_THAT(complaint({"run", "-o", "x", "--format", "github", "--format", "text", "ls"}),
                HasSubstr("cannot share"));
    EXPECT_EQ(complaint({"run", "--format", "junit=x", "--format", "junit=x", "ls"}), "");
}

TEST(Program, KeepsItsOptionsToItself) {
    EXPECT_THAT(parse({"run", "ls", "-l", "--color=never"}).program, ElementsAre("ls", "-l", "--color=never"));
    EXPECT_THAT(parse({"run", "ls", "--help", "--all", "--version"}).program,
                ElementsAre("ls", "--help", "--all", "--version"));
    EXPECT_FALSE(parse({"run", "ls", "--all"}).all);
}

TEST(Program, KeepsEveryArgumentAsItIs) {
    const Words program = {"prog", "", "a b", "'q'", "\"x\"", "--k=\"v w\"", "-", "++", "\\n", "[a,b]", "{}", "%p", ""};
    Words arguments = {"gate", "--all"};
    arguments.insert(arguments.end(), program.begin(), program.end());

    EXPECT_EQ(parse(arguments).program, program);
}

TEST(Program, MayStandBehindTheMarker) {
    EXPECT_THAT(parse({"run", "--", "-weird"}).program, ElementsAre("-weird"));
    EXPECT_THAT(parse({"run", "--all", "--", "ls", "--all", "--"}).program, ElementsAre("ls", "--all", "--"));
    EXPECT_THAT(parse({"run", "--", "--", "x"}).program, ElementsAre("--", "x"));
}

TEST(Program, OwnsAMarkerThatFollowsIt) {
    EXPECT_THAT(parse({"run", "git", "log", "--", "file", "--"}).program,
                ElementsAre("git", "log", "--", "file", "--"));
}

TEST(Program, MayBeNamedLikeACommand) {
    for (const char* name : {"run", "gate", "dump", "report", "ps", "help"}) {
        EXPECT_THAT(parse({"run", name, "--prune"}).program, ElementsAre(name, "--prune"));
        EXPECT_EQ(parse({"run", name}).command, Command::kRun);
    }
}

TEST(Usage, NeedsAProgram) {
    EXPECT_THAT(complaint({"run"}), HasSubstr("no program given"));
    EXPECT_THAT(complaint({"gate", "--all"}), HasSubstr("no program given"));
    EXPECT_THAT(complaint({"run", "--"}), HasSubstr("no program given"));
}

TEST(Usage, NamesUnknownOptionsAndCommands) {
    EXPECT_EQ(complaint({"run", "--nosuch", "5", "ls"}), "unknown option --nosuch");
    EXPECT_EQ(complaint({"run", "--nosuch=5", "ls"}), "unknown option --nosuch=5");
    EXPECT_EQ(complaint({"run", "--all", "-x", "--", "ls"}), "unknown option -x");
    EXPECT_EQ(complaint({"dump", "--timeout", "5", "12"}), "unknown option --timeout");
    EXPECT_EQ(complaint({"report", "--stop-running", "12"}), "unknown option --stop-running");
    EXPECT_EQ(complaint({"gate", "--stop-running", "./prog"}), "unknown option --stop-running");
    EXPECT_EQ(complaint({"ps", "--grace", "x"}), "unknown option --grace");
    EXPECT_EQ(complaint({"run", "--prune", "ls"}), "unknown option --prune");
    EXPECT_EQ(complaint({"nosuch", "a"}), "unknown command nosuch");
    EXPECT_EQ(complaint({"--nosuch"}), "unknown option --nosuch");
    EXPECT_EQ(complaint({"help", "nosuch"}), "unknown command nosuch");
    EXPECT_EQ(complaint({"ps", "12"}), "unexpected argument 12");
    EXPECT_EQ(complaint({"dump", "12", "13"}), "unexpected argument 13");
    EXPECT_EQ(complaint({}), "no command given");
}

TEST(Usage, NamesBadValues) {
    EXPECT_EQ(complaint({"run", "--format", "xml", "ls"}),
              "--format: 'xml' is not text, json, junit, sarif, github, gitlab, folded, pprof or dot");
    EXPECT_EQ(complaint({"ps", "--format", "junit"}), "--format: 'junit' is not text or json");
    EXPECT_EQ(complaint({"run", "--format", "junit=", "ls"}), "--format: junit= names no file");
    EXPECT_EQ(complaint({"run", "--color=red", "ls"}), "--color: 'red' is not auto, always or never");
    EXPECT_EQ(complaint({"run", "--timeout", "soon", "ls"}),
              "--timeout: 'soon' is no time; write 500ms, 60s, 2m or 1h");
    EXPECT_EQ(complaint({"run", "--timeout", "0", "ls"}), "--timeout: a time of zero is none");
    EXPECT_EQ(complaint({"run", "--grace", "-1s", "ls"}), "--grace: '-1s' is no time; write 500ms, 60s, 2m or 1h");
    EXPECT_EQ(complaint({"run", "-o", "", "ls"}), "-o: the name of the file is empty");
    EXPECT_EQ(complaint({"run", "--dir", "", "ls"}), "--dir: the name of the folder is empty");
    EXPECT_THAT(complaint({"run", "--format"}), HasSubstr("--format"));
}

TEST(Usage, NeedsAProcessIdToDump) {
    EXPECT_EQ(parse({"dump", "4242"}).pid, 4242U);
    EXPECT_FALSE(parse({"dump", "4242"}).stop_running);
    EXPECT_TRUE(parse({"dump", "--stop-running", "4242"}).stop_running);
    EXPECT_TRUE(parse({"dump", "4242"}).all);
    for (const char* text : {"x", "12x", "0", "-5", "99999999999", "4294967296", "2147483648", " 1", "1.5"}) {
        EXPECT_THAT(complaint({"dump", text}), HasSubstr(text)) << text;
    }
    EXPECT_THAT(complaint({"dump"}), HasSubstr("PID"));
    EXPECT_THAT(complaint({"report"}), HasSubstr("SOURCE is required"));
    EXPECT_THAT(complaint({"report", "--last", "12"}), HasSubstr("--last"));
    EXPECT_TRUE(parse({"report", "--last"}).last);
}

TEST(Usage, ComplaintsAreOneLine) {
    for (const Words& arguments :
         std::vector<Words>{{"run"}, {"dump"}, {"x"}, {}, {"run", "--format"}, {"report"}, {"ps", "a"}}) {
        EXPECT_THAT(complaint(arguments), testing::AllOf(Not(""), Not(HasSubstr("\n"))));
    }
}

TEST(Report, TakesAnySource) {
    EXPECT_EQ(parse({"report", "dir/file"}).source, "dir/file");
    EXPECT_EQ(parse({"report", "--all", "12"}).source, "12");
    EXPECT_EQ(parse({"report", "--", "-odd"}).source, "-odd");
}

TEST(Help, ListsEveryOptionOfTheTable) {
    const std::string run = parse({"help", "run"}).help;
    for (const char* option : {"--format", "-o", "--color", "--all", "--full-stacks", "--timeout", "--grace",
                               "--fail-on", "--dir", "loiter run [options] [--] CMD [ARG...]"}) {
        EXPECT_THAT(run, HasSubstr(option));
    }
    const std::string all = parse({"help"}).help;
    for (const char* command : {"run", "gate", "dump", "report", "ps", "help", "--version"}) {
        EXPECT_THAT(all, HasSubstr(command));
    }
    EXPECT_EQ(parse({"run", "--help"}).help, run);
    EXPECT_EQ(parse({"--help"}).help, all);
    EXPECT_EQ(parse({"--help"}).command, Command::kHelp);
}

TEST(Help, EndsWithTheExitStatuses) {
    const std::string gate = parse({"help", "gate"}).help;
    for (const char* status : {"CMD's", "0", "86", "124", "125", "126", "127", "2"})
        EXPECT_THAT(gate, HasSubstr("\n  " + std::string(status) + " "));
    EXPECT_THAT(parse({"help", "run"}).help, Not(HasSubstr("\n  86 ")));
}

TEST(Help, PrintsPagesAndCompletions) {
    EXPECT_THAT(parse({"help", "--man", "gate"}).help, HasSubstr(".TH LOITER\\-GATE 1 "));
    EXPECT_THAT(parse({"help", "--completion", "bash"}).help, HasSubstr("complete -F _loiter loiter\n"));
    EXPECT_EQ(complaint({"help", "--man", "nosuch"}), "unknown command nosuch");
    EXPECT_EQ(complaint({"help", "--man", "attend"}), "unknown command attend");
    EXPECT_EQ(complaint({"help", "--completion", "tcsh"}), "--completion: 'tcsh' is not bash, zsh or fish");
    EXPECT_EQ(complaint({"help", "--completion", "bash", "gate"}), "unexpected argument gate");
    EXPECT_EQ(complaint({"help", "--completion", "bash", "--man"}),
              "--man and --completion are two questions: ask one");
}

/// Values are completed by how the table calls them.
TEST(Table, KnowsWhatEachValueMayBe) {
    const manual::CommandTable table = command_table();
    const auto option = [&](const std::string& command, const std::string& name) {
        for (const manual::Option& one : manual::find_command(table, command)->options) {
            if (std::find(one.names.begin(), one.names.end(), name) != one.names.end()) return one;
        }
        return manual::Option();
    };
    EXPECT_EQ(manual::find_command(table, "attend"), nullptr) << "the library's own";
    EXPECT_EQ(option("gate", "--strict").value, manual::Value::kNone);
    EXPECT_EQ(option("gate", "--timeout").value, manual::Value::kText);
    EXPECT_EQ(option("gate", "-o").value, manual::Value::kFile);
    EXPECT_EQ(option("gate", "--dir").value, manual::Value::kFolder);
    EXPECT_EQ(option("gate", "--fail-on").value, manual::Value::kListOfWords);
    EXPECT_EQ(option("gate", "--fail-on").choices.size(), 9U);
    EXPECT_EQ(option("gate", "--format").choices.size(), 9U);
    EXPECT_THAT(option("ps", "--format").choices, ElementsAre("text", "json"));
    EXPECT_THAT(option("run", "--children").choices, ElementsAre("yes", "no"));
    EXPECT_TRUE(option("run", "--suppressions").repeatable);
    EXPECT_TRUE(option("run", "--format").repeatable);
    EXPECT_FALSE(option("run", "--color").repeatable);
    EXPECT_EQ(manual::find_command(table, "gate")->operand, manual::Operand::kProgram);
}

TEST(Version, NeedsNoCommand) {
    EXPECT_EQ(parse({"--version"}).command, Command::kVersion);
}

}  // namespace
}  // namespace command
