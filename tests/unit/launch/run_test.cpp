// SPDX-License-Identifier: Apache-2.0
//
// Programs followed without the library: how they start, end and get their signals.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "launch/launch.h"
#include "tests/support/target_runner.h"

namespace launch {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

Result run_plain(const std::vector<std::string>& command, std::optional<milliseconds> timeout = std::nullopt) {
    Request request;
    request.command = command;
    request.timeout = timeout;
    return run(request, [](snapshot::Snapshot&&) { ADD_FAILURE() << "nothing records"; });
}

Result run_shell(const std::string& script, std::optional<milliseconds> timeout = std::nullopt) {
    return run_plain({"sh", "-c", script}, timeout);
}

void expect(const Result& result, Outcome outcome, int status) {
    EXPECT_EQ(result.outcome, outcome);
    EXPECT_EQ(result.status, status);
}

/// Restores what a test changes of this process' signals.
class SignalsKept {
public:
    SignalsKept() {
        sigprocmask(SIG_SETMASK, nullptr, &mask_);
        for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, nullptr, &actions_[signal]);
    }
    ~SignalsKept() {
        for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &actions_[signal], nullptr);
        sigprocmask(SIG_SETMASK, &mask_, nullptr);
    }

private:
    sigset_t mask_;
    struct sigaction actions_[NSIG];
};

/// "SigIgn" and the like of the /proc/self/status that a program under run() sees.
std::string signal_words_under_run(const support::TemporaryFolder& folder) {
    const std::string file = folder.path() + "/status";
    expect(run_plain({"sed", "-n", "-e", "/^SigBlk/w" + file, "-e", "/^SigIgn/w" + file, "/proc/self/status"}),
           Outcome::kExited, 0);
    std::ifstream lines(file);
    return {std::istreambuf_iterator<char>(lines), {}};
}

TEST(Run, GivesTheProgramsStatus) {
    expect(run_plain({"true"}), Outcome::kExited, 0);
    expect(run_plain({"false"}), Outcome::kExited, 1);
    expect(run_shell("exit 7"), Outcome::kExited, 7);
    expect(run_shell("exit 255"), Outcome::kExited, 255);
    expect(run_shell("kill -9 $$"), Outcome::kSignalled, 9);
    expect(run_shell("exec true"), Outcome::kExited, 0);
}

TEST(Run, TellsNotFoundFromNotExecutable) {
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/plain") << "x";

    EXPECT_EQ(run_plain({"no-such-program"}).outcome, Outcome::kNotFound);
    EXPECT_EQ(run_plain({folder.path() + "/nosuch"}).outcome, Outcome::kNotFound);
    EXPECT_EQ(run_plain({folder.path() + "/plain/x"}).outcome, Outcome::kNotFound);
    EXPECT_EQ(run_plain({""}).outcome, Outcome::kNotFound);
    EXPECT_EQ(run_plain({folder.path()}).outcome, Outcome::kCannotExecute);
    EXPECT_EQ(run_plain({folder.path() + "/plain"}).outcome, Outcome::kCannotExecute);
    EXPECT_EQ(run_plain({"no-such-program"}).error, std::strerror(ENOENT));
    EXPECT_EQ(run_plain({"no-such-program"}).why_not_observed, "");
}

TEST(Run, RunsAScriptWithoutInterpreterLineAsExecvpDoes) {
    const support::TemporaryFolder folder;
    const std::string script = folder.path() + "/script";
    std::ofstream(script) << "exit 9\n";
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);

    expect(run_plain({script}), Outcome::kExited, 9);
}

TEST(Run, SaysWhyNothingWasObserved) {
    const Result result = run_plain({"true"});

    EXPECT_FALSE(result.observed);
    EXPECT_THAT(result.why_not_observed, HasSubstr("libloiter.so is missing"));
}

TEST(Run, EndsAProgramThatTakesTooLong) {
    expect(run_plain({"sleep", "100"}, milliseconds(50)), Outcome::kTimedOut, 0);
}

TEST(Run, KillsAProgramThatIgnoresItsEnd) {
    expect(run_shell("trap '' TERM; while :; do sleep 0.01; done", milliseconds(50)), Outcome::kTimedOut, 0);
}

TEST(Run, IgnoresTheStatusThatAProgramTakesAfterTheTimeout) {
    expect(run_shell("trap 'exit 5' TERM; while :; do sleep 0.01; done", milliseconds(200)), Outcome::kTimedOut, 0);
}

TEST(Run, PassesSignalsOn) {
    expect(run_shell("(kill -TERM $PPID); exec sleep 100"), Outcome::kSignalled, SIGTERM);
    expect(run_shell("(kill -INT $PPID); exec sleep 100"), Outcome::kSignalled, SIGINT);
    expect(run_shell("(kill -QUIT $PPID); exec sleep 100"), Outcome::kSignalled, SIGQUIT);
    expect(run_shell("(kill -HUP $PPID); exec sleep 100"), Outcome::kSignalled, SIGHUP);
    expect(run_shell("trap 'exit 5' TERM; (kill -TERM $PPID); while :; do sleep 0.01; done"), Outcome::kExited, 5);
}

TEST(Run, PassesOnWhatNobodyExpects) {
    for (const int signal : {SIGALRM, SIGPIPE, SIGIO, SIGXCPU, SIGPWR, SIGTRAP, SIGABRT, SIGCONT, SIGURG, SIGWINCH,
                             SIGRTMIN + 3, SIGRTMAX}) {
        const std::string number = std::to_string(signal);
        expect(run_shell("trap 'exit 5' " + number + "; (kill -" + number + " $PPID); while :; do sleep 0.01; done",
                         milliseconds(20000)),
               Outcome::kExited, 5);
    }
}

/// It would come before the second TERM.
TEST(Run, KeepsTheBrokenPipesOfItsOwnReportsToItself) {
    Request request;
    request.command = {
        "sh", "-c",
        "trap 'exit 4' PIPE; trap 'n=$n+; [ $n = ++ ] && exit 6; (kill -TERM $PPID)' TERM; (kill -TERM $PPID);"
        "while :; do sleep 0.01; done"};
    bool is_broken = false;
    const auto write_to_nobody = [&] {
        int ends[2];
        ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
        close(ends[0]);
        is_broken = write(ends[1], "x", 1) < 0 && errno == EPIPE;
        close(ends[1]);
    };

    const Result result = run(
        request, [](snapshot::Snapshot&&) {}, write_to_nobody);

    expect(result, Outcome::kExited, 6);
    EXPECT_TRUE(is_broken);
}

TEST(Run, PassesASecondSignalOnToo) {
    expect(run_shell("trap 'n=$n+; [ $n = ++ ] && exit 6; (kill -TERM $PPID)' TERM; (kill -TERM $PPID);"
                     "while :; do sleep 0.01; done"),
           Outcome::kExited, 6);
}

TEST(Run, PassesTheUserSignalOnlyToAProgramThatCatchesIt) {
    // TERM comes after USR1, and when it has been passed on, USR1 would have been.
    expect(run_shell("trap 'exit 4' TERM; (kill -USR1 $PPID); (kill -TERM $PPID); while :; do sleep 0.01; done"),
           Outcome::kExited, 4);
    expect(run_shell("trap 'exit 5' USR1; (kill -USR1 $PPID); while :; do sleep 0.01; done"), Outcome::kExited, 5);
}

TEST(Run, RestoresThisProcessSignals) {
    const SignalsKept kept;
    signal(SIGCHLD, SIG_IGN);

    expect(run_shell("exit 3"), Outcome::kExited, 3);

    struct sigaction action = {};
    sigaction(SIGCHLD, nullptr, &action);
    EXPECT_EQ(action.sa_handler, SIG_IGN);
    sigset_t mask;
    sigprocmask(SIG_SETMASK, nullptr, &mask);
    EXPECT_FALSE(sigismember(&mask, SIGTERM));
}

TEST(Run, GivesTheProgramItsSignalsAsTheyWere) {
    const SignalsKept kept;
    const support::TemporaryFolder folder;
    signal(SIGCHLD, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    sigprocmask(SIG_SETMASK, &mask, nullptr);

    EXPECT_EQ(signal_words_under_run(folder), "SigBlk:\t0000000000000200\nSigIgn:\t0000000000010001\n");
}

TEST(Run, LeavesIgnoredSignalsIgnored) {
    const SignalsKept kept;
    signal(SIGINT, SIG_IGN);

    expect(run_shell("(kill -INT $PPID); exit 4"), Outcome::kExited, 4);
}

/// A kernel that is told to reap children itself stands for whatever else takes the status.
TEST(Run, EndsWhereTheStatusIsLost) {
    const SignalsKept kept;
    const support::TemporaryFolder folder;
    const std::string started = folder.path() + "/started";
    const std::string go = folder.path() + "/go";
    ASSERT_EQ(mkfifo(started.c_str(), 0600), 0);
    ASSERT_EQ(mkfifo(go.c_str(), 0600), 0);
    std::thread other([&] {
        close(open(started.c_str(), O_RDONLY | O_CLOEXEC));
        signal(SIGCHLD, SIG_IGN);
        close(open(go.c_str(), O_WRONLY | O_CLOEXEC));
    });

    const Result result = run_shell(": > " + started + "; : < " + go + "; exit 3");

    other.join();
    expect(result, Outcome::kExited, 125);
    EXPECT_THAT(result.error, HasSubstr("lost"));
}

TEST(Run, KeepsTheProcessGroupAndTheDescriptors) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/facts";

    // The shell itself has no descriptors above 2; ls opens one more for the folder.
    expect(run_shell("{ cut -d' ' -f5 /proc/self/stat; ls /proc/self/fd | wc -l; } > " + file), Outcome::kExited, 0);
    const support::Outcome bare = support::run({{"sh", "-c", "ls /proc/self/fd | wc -l"}});

    std::ifstream facts(file);
    std::string group;
    std::string descriptors;
    std::getline(facts, group);
    std::getline(facts, descriptors);
    EXPECT_EQ(group, std::to_string(getpgrp()));
    EXPECT_EQ(descriptors + "\n", bare.output);
}

}  // namespace
}  // namespace launch
