// SPDX-License-Identifier: Apache-2.0
//
// --dir, and report on what it keeps.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Words files_in(const std::string& folder) {
    Words found;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) found.push_back(entry.path().string());
    std::sort(found.begin(), found.end());
    return found;
}

TEST(KeptRecordings, OfEveryProcessStayInTheFolder) {
    const support::TemporaryFolder folder;
    const std::string kept = folder.path() + "/kept";

    EXPECT_EQ(run({"run", "--dir", kept, "sh", "-c", "/bin/true; exit 0"}).status, 0);

    EXPECT_EQ(files_in(kept).size(), 2U);
    struct stat status = {};
    ASSERT_EQ(stat(kept.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
}

TEST(KeptRecordings, MayBeInAFolderNamedRelatively) {
    const support::TemporaryFolder folder;
    support::Command command = loiter({"run", "--dir", "kept", "sh", "-c", "cd /; /bin/true; exit 0"});
    command.directory = folder.path();

    EXPECT_EQ(support::run(command).status, 0);

    EXPECT_EQ(files_in(folder.path() + "/kept").size(), 2U);
}

TEST(KeptRecordings, AreReportedOneByOneOrTogether) {
    const support::TemporaryFolder folder;
    ASSERT_EQ(run({"run", "--grace", "10ms", "--dir", folder.path(), BLOCKED_WORKER, "exit", "0"}).status, 0);
    ASSERT_EQ(run({"run", "--dir", folder.path(), "true"}).status, 0);

    const support::Outcome together = run({"report", "--format", "json", folder.path()});
    EXPECT_EQ(together.status, 0);
    EXPECT_THAT(ends(objects(together.output)), ElementsAre("post-mortem return 0", "post-mortem return 0"));

    size_t findings = 0;
    for (const std::string& file : files_in(folder.path())) {
        const support::Outcome one = run({"report", "--format", "json", file});
        EXPECT_EQ(one.status, 0);
        ASSERT_EQ(objects(one.output).size(), 1U);
        findings += objects(one.output)[0]["findings"].size();
    }
    EXPECT_EQ(findings, 1U);
}

TEST(KeptRecordings, TellOfAKilledProgram) {
    const support::TemporaryFolder folder;
    support::Running running(loiter({"run", "--dir", folder.path(), "--format", "json", BLOCKED_WORKER, "hang"}));
    ASSERT_TRUE(running.await_output("ready"));
    const std::vector<std::string> recordings = files_in(folder.path());
    ASSERT_EQ(recordings.size(), 1U);
    const std::string name = std::filesystem::path(recordings[0]).filename().string();
    const pid_t target = std::stoi(name.substr(name.find('-') + 1));
    ASSERT_EQ(kill(target, SIGKILL), 0);
    ASSERT_EQ(running.finish().status, 137);

    const support::Outcome outcome = run({"report", "--format", "json", recordings[0]});
    support::Command by_pid = loiter({"report", "--format", "json", std::to_string(target)});
    by_pid.environment = {{"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};

    EXPECT_EQ(outcome.status, 0);
    ASSERT_THAT(ends(objects(outcome.output)), ElementsAre("post-mortem signal 137"));
    EXPECT_EQ(objects(outcome.output)[0]["counts"]["threads"], 2);
    EXPECT_EQ(objects(outcome.output)[0]["threads"][0]["name"], "blocked_worker");
    EXPECT_EQ(support::run(by_pid).output, outcome.output);
}

TEST(KeptRecordings, OfAnotherRunAtTheSameTimeAreNotMixedIn) {
    const support::TemporaryFolder folder;
    support::Running other(loiter({"run", "--dir", folder.path(), BLOCKED_WORKER, "hang"}));
    support::Running running(loiter({"run", "--dir", folder.path(), "--format", "json", BLOCKED_WORKER, "obey", "0"}));
    ASSERT_TRUE(other.await_output("ready"));
    ASSERT_TRUE(running.await_output("ready"));
    // A process of the other run that is new while ours is under way.
    support::Running third(loiter({"run", "--dir", folder.path(), "sh", "-c", "sh -c 'exit 0'; echo done"}));
    ASSERT_TRUE(third.await_output("done"));
    third.finish();
    running.signal(SIGTERM);

    const std::vector<json> reports = objects(running.finish().errors);

    EXPECT_THAT(ends(reports), ElementsAre("exit _exit 0", "signal alive null"));
}

TEST(Report, SaysSoWhenThereIsNothingToRead) {
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/junk") << "no recording";
    std::filesystem::create_directory(folder.path() + "/empty");
    for (const std::string& source :
         {folder.path() + "/nosuch", folder.path() + "/junk", folder.path() + "/empty", std::string("2147483647")}) {
        const support::Outcome outcome = run({"report", source});
        EXPECT_EQ(outcome.status, 125) << source;
        EXPECT_EQ(outcome.output, "");
        EXPECT_EQ(line_count(outcome.errors), 1) << outcome.errors;
        EXPECT_THAT(outcome.errors, HasSubstr(source.substr(source.rfind('/') + 1)));
    }
}

/// A service that ends a job kills everything in it at once: nobody reports. In a place of its own, where nothing
/// of others lies about.
TEST(Report, TellsOfTheLastThatWasKilledBeforeItCouldReport) {
    const support::TemporaryFolder folder;
    const auto in_own_place = [&](const std::string& script) {
        const std::string mount = "mount -t tmpfs none /dev/shm && cd " + folder.path();
        return support::run({.arguments = {"unshare", "--mount", "sh", "-c", mount + script}});
    };
    if (in_own_place("").status != 0) GTEST_SKIP() << "no right to make a mount namespace";
    const std::string until_ready = " & until grep -qs ready output; do :; done; ";
    const std::string until_gone = "while grep -qs '^State:.[RSD]' /proc/$pid/status; do :; done; wait; cat output; ";
    const std::string report = LOITER_COMMAND " report --last --format json";

    const support::Outcome of_run =
        in_own_place("; " LOITER_COMMAND " gate sh -c 'echo $$ > pid; exec " BLOCKED_WORKER " hang' > output" +
                     until_ready + "kill -9 $!; pid=$(cat pid); kill -9 $pid; " + until_gone + report);
    std::filesystem::remove(folder.path() + "/output");
    const support::Outcome of_program =
        in_own_place("; LD_PRELOAD=" LOITER_LIBRARY " " BLOCKED_WORKER " hang > output" + until_ready +
                     "pid=$!; kill -9 $pid; " + until_gone + report);

    for (const support::Outcome& outcome : {of_run, of_program}) {
        EXPECT_EQ(outcome.status, 0) << outcome.errors;
        ASSERT_TRUE(outcome.output.starts_with("ready\n{")) << outcome.output << outcome.errors;
        // Of a shell that became the program there is the recording of before.
        EXPECT_THAT(ends(objects(outcome.output.substr(6))), testing::Contains("post-mortem unknown null"));
    }
}

TEST(Report, OfACleanProcessSaysThatItWasRead) {
    const support::TemporaryFolder folder;
    ASSERT_EQ(run({"run", "--dir", folder.path(), "true"}).status, 0);

    EXPECT_THAT(run({"report", folder.path()}).output, HasSubstr("no findings"));
    EXPECT_THAT(run({"report", "--all", folder.path()}).output, HasSubstr("T1"));
}

TEST(Report, OfALiveProcessIsADump) {
    const support::TemporaryFolder folder;
    support::Running target(observed_plainly({BLOCKED_WORKER, "hang"}, folder));
    ASSERT_TRUE(target.await_output("ready"));

    const support::Outcome outcome = run({"report", "--format", "json", std::to_string(target.pid())});

    EXPECT_THAT(ends(objects(outcome.output)), ElementsAre("dump alive null"));
}

/// Paths of the recordings of `pid` that ps lists, with their states.
Words listed(const Words& options, pid_t pid) {
    Words words{"ps", "--format", "json"};
    words.insert(words.end(), options.begin(), options.end());
    Words found;
    for (const json& object : objects(run(words).output)) {
        if (object.at("pid") == pid) {
            found.push_back(object.at("state").get<std::string>() + " " + object.at("recording").get<std::string>());
        }
    }
    return found;
}

TEST(Ps, CountsTheThreadsOfEachProcessByState) {
    const support::TemporaryFolder folder;
    support::Running target(observed_plainly({BLOCKED_WORKER, "hang"}, folder));
    ASSERT_TRUE(target.await_output("ready"));

    std::string counts;
    for (const json& object : objects(run({"ps", "--format", "json"}).output)) {
        if (object.at("pid") != target.pid()) continue;
        for (const char* const state : {"threads", "blocked", "alive", "unjoined"})
            counts += object.at(state).dump() + " ";
    }

    EXPECT_EQ(counts, "2 1 1 0 ");
}

TEST(Ps, FindsRecordingsOfRunningProcessesWhereverTheyAre) {
    const support::TemporaryFolder folder;
    support::Command command;
    command.arguments = {BLOCKED_WORKER, "hang"};
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}};
    auto target = std::make_unique<support::Running>(command);
    ASSERT_TRUE(target->await_output("ready"));
    const pid_t pid = target->pid();
    const std::string recording = files_in(folder.path()).at(0);

    EXPECT_THAT(listed({}, pid), ElementsAre("running " + recording));
    EXPECT_THAT(listed({"--dir", folder.path()}, pid), ElementsAre("running " + recording));

    target.reset();
    EXPECT_THAT(listed({}, pid), ElementsAre());
    EXPECT_THAT(listed({"--dir", folder.path()}, pid), ElementsAre("dead " + recording));
}

/// A container that shares a folder has it under another name.
TEST(Ps, ListsAProcessOfAnotherMountNamespaceOnce) {
    const support::TemporaryFolder folder;
    const support::TemporaryFolder inside;
    const Words apart = {"unshare", "--mount", "sh", "-c"};
    const std::string mount = "mount --bind " + folder.path() + " " + inside.path();
    Words arguments = apart;
    arguments.push_back(mount);
    if (support::run({.arguments = arguments}).status != 0) GTEST_SKIP() << "no right to make a mount namespace";
    arguments.back() += " && LD_PRELOAD=" LOITER_LIBRARY " LOITER_DIR=" + inside.path() +
                        " LOITER_OPTIONS=report=none exec " BLOCKED_WORKER " hang";
    support::Running target({.arguments = arguments});
    ASSERT_TRUE(target.await_output("ready"));

    EXPECT_THAT(listed({"--dir", folder.path()}, target.pid()),
                ElementsAre("running " + files_in(folder.path()).at(0)));
}

}  // namespace
}  // namespace cli
