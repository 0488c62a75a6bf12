// SPDX-License-Identifier: Apache-2.0
//
// loiter doctor on real programs and processes.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Told {
    int status = -1;
    json object;
    /// "no program": what is not ok.
    Words complaints;

    std::string reason(const std::string& about) const {
        for (const json& check : object.at("checks")) {
            if (check.at("about") == about) return check.at("reason");
        }
        return "(no such check)";
    }
};

Told ask(const support::Command& command) {
    const support::Outcome outcome = support::run(command);
    Told told{outcome.status, json::parse(outcome.output), {}};
    for (const json& check : told.object.at("checks")) {
        if (check.at("mark") != "ok") {
            told.complaints.push_back(check.at("mark").get<std::string>() + " " + check.at("about").get<std::string>());
        }
    }
    return told;
}

Told ask_about(const std::string& target) {
    return ask(loiter({"doctor", "--format", "json", target}));
}

class Doctor : public testing::Test {
protected:
    std::string make(const std::string& name, const std::string& content) {
        const std::string path = folder_.path() + "/" + name;
        std::ofstream(path, std::ios::binary) << content;
        chmod(path.c_str(), 0755);
        return path;
    }

    static std::unique_ptr<support::Running> start(const std::string& how, bool preloaded) {
        support::Command command;
        command.arguments = {ODD_PROCESS, how};
        if (preloaded) command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}};
        auto running = std::make_unique<support::Running>(command);
        EXPECT_TRUE(running->await_output("ready"));
        return running;
    }

    support::TemporaryFolder folder_;
};

TEST_F(Doctor, FindsNothingAmissWithAnObservableProgram) {
    const Told told = ask_about(ODD_PROCESS);

    EXPECT_EQ(told.status, 0);
    EXPECT_EQ(told.object["schema"], "loiter-doctor/1");
    EXPECT_EQ(told.object["can_be_observed"], true);
    EXPECT_EQ(told.object["command"], ODD_PROCESS);
    EXPECT_THAT(told.reason("program"), HasSubstr("dynamically linked"));
}

TEST_F(Doctor, TellsWhatSpeaksAgainstAProgram) {
    const Told missing = ask_about("no-such-program");
    EXPECT_EQ(missing.status, 125);
    EXPECT_THAT(missing.reason("file"), HasSubstr("not found"));
    const Told linked = ask_about(STATIC_PROGRAM);
    EXPECT_EQ(linked.status, 125);
    EXPECT_EQ(linked.object["can_be_observed"], false);
    EXPECT_THAT(linked.complaints, ElementsAre("no program"));
    EXPECT_THAT(linked.reason("program"), HasSubstr("statically linked"));
    const Told script = ask_about(make("script", std::string("#!") + STATIC_PROGRAM + "\n"));
    EXPECT_THAT(script.reason("program"), HasSubstr(STATIC_PROGRAM));
    EXPECT_EQ(script.status, 125);
}

TEST_F(Doctor, TellsOtherWordSizes) {
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_machine = EM_386;

    const Told told = ask_about(make("i386", std::string(reinterpret_cast<const char*>(&header), sizeof header)));

    EXPECT_EQ(told.status, 125);
    EXPECT_THAT(told.reason("program"), HasSubstr("32-bit x86"));
}

TEST_F(Doctor, TellsASetuidCopy) {
    const std::string copy = folder_.path() + "/copy";
    std::filesystem::copy_file(ODD_PROCESS, copy);
    if (chown(copy.c_str(), 1, static_cast<gid_t>(-1)) != 0) GTEST_SKIP() << "only root can give files away";
    ASSERT_EQ(chmod(copy.c_str(), 04755), 0);

    const Told told = ask_about(copy);

    EXPECT_EQ(told.status, 125);
    EXPECT_THAT(told.reason("program"), HasSubstr("setuid"));
}

TEST_F(Doctor, JudgesTheLimitsThatTheProgramWouldInherit) {
    support::Command command;
    for (const std::string limit : {"-f 100", "-v 1000000", "-f unlimited"}) {
        command.arguments = {"sh", "-c", "ulimit " + limit + "; exec \"$0\" doctor --format json \"$1\"",
                             LOITER_COMMAND, ODD_PROCESS};
        const Told told = ask(command);
        const Words expected = limit == "-f 100"       ? Words{"no limits"}
                               : limit == "-v 1000000" ? Words{"warn limits"}
                                                       : Words{};
        EXPECT_THAT(told.complaints, testing::Eq(expected)) << limit;
    }
}

TEST_F(Doctor, SaysOneLineACheckAndTheVerdictLast) {
    const support::Outcome outcome = run({"doctor", STATIC_PROGRAM});

    EXPECT_EQ(outcome.status, 125);
    EXPECT_EQ(outcome.errors, "");
    EXPECT_THAT(outcome.output, HasSubstr("\nno    program      "));
    EXPECT_THAT(outcome.output, HasSubstr("; what to do: link it dynamically"));
    const size_t last = outcome.output.rfind('\n', outcome.output.size() - 2);
    EXPECT_THAT(outcome.output.substr(last + 1), HasSubstr("cannot be observed"));
}

TEST_F(Doctor, FindsTheRecordingOfAnObservedProcess) {
    const auto target = start("plain", true);

    const Told told = ask_about(std::to_string(target->pid()));

    EXPECT_EQ(told.status, 0);
    EXPECT_THAT(told.complaints, IsEmpty());
    EXPECT_EQ(told.object["pid"], target->pid());
    EXPECT_THAT(told.reason("library"), HasSubstr(LOITER_LIBRARY));
    EXPECT_THAT(told.reason("recording"), HasSubstr("/loiter-" + std::to_string(target->pid()) + "-"));
}

TEST_F(Doctor, TellsWhyAProcessIsNotObserved) {
    const auto target = start("plain", false);
    const Told told = ask_about(std::to_string(target->pid()));
    EXPECT_EQ(told.status, 125);
    EXPECT_THAT(told.complaints, ElementsAre("no library"));
    EXPECT_THAT(told.reason("library"), HasSubstr("started without LD_PRELOAD"));

    EXPECT_EQ(ask_about("2147483647").status, 125);
    EXPECT_THAT(ask_about("2147483647").reason("process"), HasSubstr("there is no process"));
}

TEST_F(Doctor, TellsWhatKeepsUsr1FromBeingAReport) {
    for (const std::string how : {"blocks", "handles", "ignores"}) {
        const auto target = start(how, true);
        const Told told = ask_about(std::to_string(target->pid()));
        EXPECT_EQ(told.status, 0);
        EXPECT_THAT(told.complaints, ElementsAre("warn signal")) << how;
        EXPECT_THAT(told.reason("signal"), HasSubstr("gives no report")) << how;
        EXPECT_EQ(run({"dump", std::to_string(target->pid())}).status, 0) << "what it is told to do works";
    }
    const auto half = start("half", true);
    EXPECT_THAT(ask_about(std::to_string(half->pid())).complaints, IsEmpty());
}

TEST_F(Doctor, TellsAFilterOfSystemCalls) {
    const auto target = start("seccomp", true);

    EXPECT_THAT(ask_about(std::to_string(target->pid())).complaints, ElementsAre("warn seccomp"));
}

}  // namespace
}  // namespace cli
