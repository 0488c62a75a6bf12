// SPDX-License-Identifier: Apache-2.0
//
// What CMD starts: judged unless --children no; named where it could not be observed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/e2e/cli/cli.h"
#include "tests/support/eventually.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

/// The shell forks for each but the last.
support::Outcome gate_script(const std::string& script) {
    return run({"gate", "sh", "-c", script + "; exit 0"});
}

std::string static_line(const std::string& times) {
    return std::string("loiter: not observed: ") + STATIC_PROGRAM + " (static), " + times + "\n";
}

long files_in(const support::TemporaryFolder& folder) {
    return std::distance(std::filesystem::directory_iterator(folder.path()), {});
}

/// None of its threads ended the process, which the gate saw die without a word; who reaped it, knows how.
TEST(AKilledChild, CountsWithAllItsThreads) {
    const support::TemporaryFolder folder;
    const std::string output = folder.path() + "/output";
    const std::string script = BLOCKED_WORKER " hang > " + output + " & until grep -q ready " + output +
                               "; do :; done; kill -9 $!; wait $!; exit 0";
    const support::Command shell{.arguments = {"sh", "-c", script}};

    const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {}, shell);

    EXPECT_EQ(observed.outcome.status, 86);
    size_t killed = 0;
    for (const json& report : observed.reports) {
        if (report.at("process").at("exe") != BLOCKED_WORKER) continue;
        ++killed;
        EXPECT_EQ(report.at("process").at("reason"), "post-mortem");
        EXPECT_EQ(report.at("process").at("end"), "unknown");
        EXPECT_TRUE(report.at("process").at("status").is_null());
        EXPECT_EQ(report.at("counts").at("threads"), 2);
        EXPECT_EQ(report.at("counts").at("blocked").get<int>() + report.at("counts").at("alive").get<int>(), 2);
    }
    EXPECT_EQ(killed, 1U);
    EXPECT_EQ(support::observe(LOITER_COMMAND, "gate", {"--children", "no"}, shell).outcome.status, 0);
}

TEST(UnobservedChildren, AreNamedOnceEach) {
    const support::Outcome outcome = gate_script(STATIC_PROGRAM "; /bin/true; " STATIC_PROGRAM " 3; " STATIC_PROGRAM);

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, static_line("3 times"));
    EXPECT_EQ(run({"run", "sh", "-c", STATIC_PROGRAM "; exit 0"}).errors, static_line("once"));
}

TEST(UnobservedChildren, FailAStrictGateOnly) {
    const auto gate = [](const Words& options, const std::string& script) {
        Words arguments = {"gate"};
        arguments.insert(arguments.end(), options.begin(), options.end());
        for (const std::string& word : {std::string("sh"), std::string("-c"), script}) arguments.push_back(word);
        return run(arguments);
    };
    const std::string starts_one = STATIC_PROGRAM "; exit 0";

    EXPECT_EQ(gate({"--strict"}, starts_one).status, 125);
    EXPECT_EQ(gate({"--strict"}, starts_one).errors, static_line("once"));
    EXPECT_EQ(gate({"--strict"}, "/bin/true; exit 0").status, 0);
    EXPECT_EQ(gate({"--strict"}, STATIC_PROGRAM "; exit 3").status, 3) << "its own failure wins";
    EXPECT_EQ(gate({"--strict", "--children", "no"}, starts_one).status, 0) << "nobody asks for them";
    EXPECT_EQ(run({"run", "--strict", "true"}).status, 2) << "run fails nothing";
}

TEST(UnobservedChildren, MayBeChildrenOfChildren) {
    EXPECT_EQ(gate_script("sh -c '" STATIC_PROGRAM "; exit 0'").errors, static_line("once"));
    EXPECT_EQ(gate_script("env " STATIC_PROGRAM).errors, static_line("once"));
    EXPECT_EQ(gate_script("bash -c '" STATIC_PROGRAM "; exit 0'").errors, static_line("once"));
}

TEST(UnobservedChildren, OfAScrubbedEnvironmentAreToldApart) {
    EXPECT_EQ(gate_script("env -i /bin/true; env -u LOITER_DIR /bin/true; env -u HOME /bin/true").errors,
              "loiter: not observed: /bin/true (started without LD_PRELOAD or LOITER_DIR), 2 times\n");
}

std::string spawning(const std::string& call, const std::string& program) {
    return "import os; os.waitpid(os." + call + "('" + program + "', ['child'], os.environ), 0)";
}

TEST(UnobservedChildren, MayBeSpawned) {
    for (const char* const call : {"posix_spawn", "posix_spawnp"}) {
        EXPECT_EQ(run({"gate", "python3", "-c", spawning(call, STATIC_PROGRAM)}).errors, static_line("once"));
        EXPECT_EQ(run({"gate", "python3", "-c", spawning(call, "/bin/true")}).errors, "");
    }
    const std::string folder = std::filesystem::path(STATIC_PROGRAM).parent_path().string();
    const std::string name = std::filesystem::path(STATIC_PROGRAM).filename().string();
    support::Command by_path = loiter({"gate", "python3", "-c", spawning("posix_spawnp", name)});
    by_path.environment = {{"PATH", folder + ":/usr/bin:/bin"}};
    EXPECT_EQ(support::run(by_path).errors, static_line("once"));
}

TEST(UnobservedChildren, AreFoundThroughPathAndTheCurrentFolder) {
    const std::filesystem::path program = STATIC_PROGRAM;
    const std::string folder = program.parent_path().string();
    const std::string name = program.filename().string();

    EXPECT_EQ(gate_script("PATH=/nosuch:$PATH:" + folder + " env " + name).errors, static_line("once"));
    EXPECT_EQ(gate_script("cd " + folder + "; ./" + name).errors, static_line("once"));
}

TEST(UnobservedChildren, OfASetuidProgramAreNamed) {
    const support::TemporaryFolder folder;
    const std::string copy = folder.path() + "/copy";
    std::filesystem::copy_file("/bin/true", copy);
    if (chown(copy.c_str(), 1, static_cast<gid_t>(-1)) != 0) GTEST_SKIP() << "only root can give files away";
    ASSERT_EQ(chmod(copy.c_str(), 04755), 0);
    ASSERT_EQ(chmod(folder.path().c_str(), 0755), 0);

    EXPECT_EQ(gate_script(copy).errors,
              "loiter: not observed: " + copy + " (setuid, setgid or file capabilities), once\n");
}

/// Nobody but this user may look into the folder of a run.
TEST(UnobservedChildren, OfAnotherUserAreCounted) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    const std::string line = std::string("loiter: not observed: what ") + OTHER_USER +
                             " executed (it could not reach the folder of this run: another user, or another root), ";
    for (const char* const how : {"fork", "vfork"}) {
        const support::Outcome once = run({"gate", OTHER_USER, how, "/bin/true"});
        EXPECT_EQ(once.status, 0);
        EXPECT_THAT(once.errors, testing::HasSubstr(line + "once\n")) << how;
        EXPECT_EQ(run({"gate", "--strict", OTHER_USER, how, "/bin/true"}).status, 125) << how;
    }
    EXPECT_THAT(gate_script(OTHER_USER " fork /bin/true; true").errors, testing::HasSubstr(line));
    EXPECT_EQ(run({"gate", "--strict", OTHER_USER, "fails", "/etc/passwd"}).status, 0);
}

TEST(UnobservedChildren, ThatCmdBecomesAreNoChildren) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    const support::Outcome gate = run({"gate", OTHER_USER, "itself", "/bin/true"});
    EXPECT_EQ(gate.status, 125);
    EXPECT_THAT(gate.errors,
                testing::HasSubstr(" was not observed: it executed a program that could not reach the folder of "
                                   "this run: another user, or another root\n"));
}

TEST(UnobservedChildren, AreFewLines) {
    const support::TemporaryFolder folder;
    std::string script;
    for (const std::string name : {"a", "b", "c", "d", "e", "f", "g"}) {
        std::filesystem::create_symlink(STATIC_PROGRAM, folder.path() + "/" + name);
        script += folder.path() + "/" + name + "; ";
    }

    const support::Outcome outcome = gate_script(script + ":");

    EXPECT_EQ(line_count(outcome.errors), 6);
    EXPECT_THAT(outcome.errors, testing::HasSubstr("loiter: not observed: 2 other programs\n"));
}

TEST(UnobservedChildren, AreNeitherThoseThatFailedToStartNorTheObserved) {
    EXPECT_EQ(run({"gate", "bash", "-c", "/no/such/program 2>&-; env no-such-program 2>&-; (exec true); true; exit 0"})
                  .errors,
              "");
    EXPECT_EQ(run({"gate", BLOCKED_WORKER, "failed-exec"}).errors, "");
}

/// Refused by the kernel after it was found; the shell then reads it itself.
TEST(UnobservedChildren, AreNotScriptsWithoutAnInterpreterLine) {
    const support::TemporaryFolder folder;
    const std::string script = folder.path() + "/script";
    std::ofstream(script) << "exit 0\n";
    ASSERT_EQ(chmod(script.c_str(), 0755), 0);

    EXPECT_EQ(run({"gate", "bash", "-c", script + "; exit 0"}).errors, "");
}

TEST(UnobservedChildren, LeaveNothingInAKeptFolder) {
    const support::TemporaryFolder folder;

    const support::Outcome outcome =
        run({"gate", "--dir", folder.path(), "sh", "-c", STATIC_PROGRAM "; /bin/true; env -i /bin/true; exit 0"});

    EXPECT_EQ(line_count(outcome.errors), 2);
    EXPECT_EQ(files_in(folder), 3) << "of sh, true and env";
}

TEST(UnobservedChildren, DoNotDisturbAMachineFormat) {
    const support::Outcome outcome = run({"gate", "--format", "json", "sh", "-c", STATIC_PROGRAM "; exit 0"});

    EXPECT_THAT(objects(outcome.errors), SizeIs(1));
}

TEST(Exec, OfBadPointersFailsAsEver) {
    support::Command bare;
    bare.arguments = {BAD_EXECS};

    const support::Outcome observed = run({"gate", BAD_EXECS});

    EXPECT_EQ(observed.status, 0);
    EXPECT_EQ(observed.output, support::run(bare).output);
    EXPECT_EQ(observed.errors, "");
}

TEST(ChildrenNo, LeavesThemUnjudged) {
    const std::string script = BLOCKED_WORKER " exit 0; sh -c '" BLOCKED_WORKER " exit 0; exit 0'; exit 0";
    EXPECT_EQ(run({"gate", "--children", "yes", "sh", "-c", script}).status, 86);

    const support::Outcome outcome = run({"gate", "--children", "no", "--format", "json", "sh", "-c", script});

    EXPECT_EQ(outcome.status, 0);
    ASSERT_THAT(objects(outcome.errors), SizeIs(1));
    EXPECT_EQ(objects(outcome.errors)[0]["process"]["command"][0], "sh");
    EXPECT_EQ(run({"gate", "--children", "no", "sh", "-c", STATIC_PROGRAM "; exit 0"}).errors, "");
}

TEST(ChildrenNo, StillJudgesCmdWhateverItExecutes) {
    EXPECT_EQ(run({"gate", "--children", "no", BLOCKED_WORKER, "exit", "0"}).status, 86);
    EXPECT_EQ(run({"gate", "--children", "no", "env", BLOCKED_WORKER, "exit", "0"}).status, 86);
    EXPECT_EQ(run({"gate", "--children", "no", "env", STATIC_PROGRAM}).status, 125);
}

TEST(ChildrenNo, KeepsTheRecordingOfCmdOnly) {
    const support::TemporaryFolder folder;

    run({"gate", "--children", "no", "--dir", folder.path(), "sh", "-c", BLOCKED_WORKER " exit 0; /bin/true; exit 0"});

    EXPECT_EQ(files_in(folder), 1);
}

TEST(ChildrenNo, SaysNothingOfThemOnATimeout) {
    const support::Outcome outcome = run({"gate", "--children", "no", "--format", "json", "--timeout", "300ms", "sh",
                                          "-c", BLOCKED_WORKER " hang; exit 0"});

    EXPECT_THAT(ends(objects(outcome.errors)), ElementsAre("timeout alive null"));
}

bool is_live(const std::string& stat) {
    const std::string state = stat.substr(stat.rfind(')') + 1, 2);
    return state.starts_with(" ") && state != " Z" && state != " X";
}

/// With all of its threads.
bool has_ended(const std::string& pid) {
    std::error_code gone;
    for (const auto& thread : std::filesystem::directory_iterator("/proc/" + pid + "/task", gone)) {
        if (is_live(content(thread.path() / "stat"))) return false;
    }
    return true;
}

/// One has an empty environment and leaves its parent alone, one has no program yet and lets no signal come but
/// KILL.
TEST(UnobservedChildren, EndAtATimeoutWithTheOthers) {
    const support::TemporaryFolder folder;
    const std::string script = "env -i sleep 1000 & echo $!; exec " NEW_CHILDREN " spawn " + folder.path() + "/fifo";

    const support::Outcome outcome = run({"gate", "--format", "json", "--timeout", "3s", "sh", "-c", script});

    EXPECT_THAT(ends(objects(outcome.errors)), testing::Contains("timeout alive null"));
    std::istringstream words(outcome.output);
    std::string sleeping;
    std::string sitting;
    std::string child;
    ASSERT_TRUE(words >> sleeping >> sitting >> child) << outcome.output;
    EXPECT_EQ(sitting, "sitting");
    EXPECT_TRUE(support::eventually([&] { return has_ended(sleeping); }));
    EXPECT_TRUE(support::eventually([&] { return has_ended(child); }));
}

/// It looks dead to whoever asks for the state of its main thread alone.
TEST(UnobservedChildren, EndAtATimeoutThoughTheirMainThreadHasEndedBefore) {
    const support::Outcome outcome =
        run({"gate", "--timeout", "2s", "sh", "-c", "env -i " ODD_PROCESS " headless & echo $!; wait"});

    std::istringstream words(outcome.output);
    std::string child;
    ASSERT_TRUE(words >> child) << outcome.output;
    EXPECT_TRUE(outcome.output.ends_with("ready\n")) << outcome.output;
    EXPECT_TRUE(support::eventually([&] { return has_ended(child); }));
}

}  // namespace
}  // namespace cli
