// SPDX-License-Identifier: Apache-2.0
//
// The command at a terminal: what the kernel and a shell with job control make of both processes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

/// A program that leads the session of a new terminal.
class AtATerminal {
public:
    explicit AtATerminal(Words arguments) {
        std::vector<char*> pointers;
        for (std::string& argument : arguments) pointers.push_back(argument.data());
        pointers.push_back(nullptr);
        pid_ = forkpty(&terminal_, nullptr, nullptr, nullptr);
        if (pid_ != 0) return;
        execvp(pointers[0], pointers.data());
        _exit(127);
    }
    ~AtATerminal() { hang_up(); }
    AtATerminal(const AtATerminal&) = delete;
    AtATerminal& operator=(const AtATerminal&) = delete;

    pid_t pid() const { return pid_; }
    const std::string& seen() const { return seen_; }
    void type(const std::string& keys) const { EXPECT_EQ(write(terminal_, keys.data(), keys.size()), ssize(keys)); }

    /// Until `word` has appeared in all that was shown.
    bool await(const std::string& word) {
        char buffer[4096];
        while (seen_.find(word) == std::string::npos) {
            const ssize_t size = read(terminal_, buffer, sizeof buffer);
            if (size <= 0) return false;
            seen_.append(buffer, static_cast<size_t>(size));
        }
        return true;
    }

    void hang_up() {
        if (terminal_ >= 0) close(terminal_);
        terminal_ = -1;
    }

    /// Of waitpid.
    int status() const {
        int status = -1;
        EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
        return status;
    }

private:
    static ssize_t ssize(const std::string& text) { return static_cast<ssize_t>(text.size()); }

    int terminal_ = -1;
    pid_t pid_ = -1;
    std::string seen_;
};

Words run_shell(const std::string& script) {
    return {LOITER_COMMAND, "run", "-o", "/dev/null", "sh", "-c", script};
}

/// For a minute at most, so that a test that fails does not hang.
constexpr char kGoOn[] = "echo ready; i=0; while [ $i -lt 6000 ]; do sleep 0.01; i=$((i+1)); done";

TEST(Terminal, SignalsOfItAreNotSentTwice) {
    AtATerminal program(run_shell("trap 'echo interrupted' INT; trap 'echo over; exit 0' TERM;" + std::string(kGoOn)));
    EXPECT_TRUE(program.await("ready"));
    program.type("\x03");
    EXPECT_TRUE(program.await("interrupted"));
    // Passed on after anything that was to be passed on before it.
    kill(program.pid(), SIGTERM);
    EXPECT_TRUE(program.await("over"));

    EXPECT_EQ(program.status(), 0);
    EXPECT_EQ(program.seen().find("interrupted"), program.seen().rfind("interrupted")) << program.seen();
}

/// The kernel tells it the leader of the session alone.
TEST(Terminal, TheEndOfItReachesTheProgram) {
    AtATerminal program(run_shell("trap 'exit 7' HUP;" + std::string(kGoOn)));
    EXPECT_TRUE(program.await("ready"));
    program.hang_up();

    EXPECT_EQ(program.status(), W_EXITCODE(7, 0));
}

TEST(Terminal, AProgramThatStopsGivesItBackToTheShell) {
    const std::string job = std::string(LOITER_COMMAND) + " run sh -c 'kill -STOP $$; exit 3'";
    AtATerminal shell({"timeout", "--foreground", "60", "sh", "-c",
                       "set -m; " + job + "; echo stopped: $?; fg > /dev/null; echo ended: $?"});

    EXPECT_TRUE(shell.await("ended: 3")) << shell.seen();
    EXPECT_THAT(shell.seen(), testing::StartsWith("stopped: " + std::to_string(128 + SIGSTOP)));
    EXPECT_EQ(shell.status(), 0);
}

/// A shell with job control at a terminal; `stopped` of the script waits until a job has stopped.
Words shell_with_jobs(const std::string& script) {
    return {"timeout", "--foreground",
            "60",      "bash",
            "-c",      "set -m; stopped() { while [ -z \"$(jobs -s)\" ]; do sleep 0.01; done; };" + script};
}

TEST(Terminal, AProgramThatStopsInTheBackgroundGoesOnInTheForeground) {
    for (const std::string stop : {"STOP", "TSTP"}) {
        AtATerminal shell(shell_with_jobs(std::string(LOITER_COMMAND) + " run sh -c 'kill -" + stop +
                                          " $$; exit 3' & stopped; fg > /dev/null; echo ended: $?"));

        EXPECT_TRUE(shell.await("ended: 3")) << stop << ": " << shell.seen();
        EXPECT_EQ(shell.status(), 0);
    }
}

TEST(Terminal, AProgramThatReadsItInTheBackgroundStopsUntilItIsInTheForeground) {
    AtATerminal shell(shell_with_jobs(std::string(LOITER_COMMAND) +
                                      " run sh -c 'read word; echo got $word' & stopped; echo has stopped; fg"));
    EXPECT_TRUE(shell.await("has stopped"));
    shell.type("something\n");

    EXPECT_TRUE(shell.await("got something")) << shell.seen();
    EXPECT_EQ(shell.status(), 0);
}

/// Who lets it go on may know nothing of this command.
TEST(Terminal, AProgramThatGoesOnAloneTakesTheCommandAlong) {
    const support::TemporaryFolder folder;
    const std::string pid = folder.path() + "/pid";
    AtATerminal shell(shell_with_jobs(std::string(LOITER_COMMAND) + " run sh -c 'echo $$ > " + pid +
                                      "; kill -STOP $$; exit 3'; echo stopped: $?; kill -CONT $(cat " + pid +
                                      "); while [ -n \"$(jobs -s)\" ]; do sleep 0.01; done; wait %1; echo ended: $?"));

    EXPECT_TRUE(shell.await("ended: 3")) << shell.seen();
    EXPECT_THAT(shell.seen(), testing::HasSubstr("stopped: " + std::to_string(128 + SIGSTOP)));
    EXPECT_EQ(shell.status(), 0);
}

TEST(Terminal, TheTimeoutOfAProgramThatHasStoppedExpires) {
    AtATerminal shell(shell_with_jobs(std::string(LOITER_COMMAND) +
                                      " run --timeout 1s -o /dev/null sh -c 'kill -STOP $$' & stopped; while [ -n "
                                      "\"$(jobs -s)\" ]; do sleep 0.01; done; wait $!; echo ended: $?"));

    EXPECT_TRUE(shell.await("ended: 124")) << shell.seen();
    EXPECT_EQ(shell.status(), 0);
}

TEST(Terminal, AProgramThatDoesNotObeyAStopKeepsIt) {
    AtATerminal shell(
        shell_with_jobs(std::string(LOITER_COMMAND) +
                        " run sh -c 'trap \"\" TSTP; echo ready; read word; echo got $word'; echo ended: $?"));
    EXPECT_TRUE(shell.await("ready"));
    shell.type("\x1a");
    shell.type("something\n");

    EXPECT_TRUE(shell.await("ended: ")) << shell.seen();
    EXPECT_THAT(shell.seen(), testing::HasSubstr("got something"));
    EXPECT_THAT(shell.seen(), testing::HasSubstr("ended: 0"));
    EXPECT_EQ(shell.status(), 0);
}

/// Not dash: ^Z may meet it in the middle of a vfork, where the kernel does not let it stop. What it prints is not in
/// the shell's notice of the job.
TEST(Terminal, AProgramIsToldOnceThatItGoesOn) {
    AtATerminal shell(
        shell_with_jobs(std::string(LOITER_COMMAND) +
                        " run -o /dev/null bash -c 'trap \"echo on $((6*7))\" CONT; trap \"exit 4\" INT;" +
                        std::string(kGoOn) + "'; fg > /dev/null; echo ended: $?"));
    EXPECT_TRUE(shell.await("ready"));
    shell.type("\x1a");
    EXPECT_TRUE(shell.await("on 42"));
    shell.type("\x03");

    EXPECT_TRUE(shell.await("ended: 4")) << shell.seen();
    EXPECT_EQ(shell.seen().find("on 42"), shell.seen().rfind("on 42")) << shell.seen();
    EXPECT_EQ(shell.status(), 0);
}

/// There the one that makes it go on knows nothing of this command.
TEST(Terminal, AProgramThatStopsElsewhereStopsAlone) {
    const support::Outcome outcome =
        run({"run", "sh", "-c",
             "(while ! grep -q '^State:.T' /proc/$$/status; do :; done; kill -CONT $$) & kill -STOP $$; exit 3"});

    EXPECT_EQ(outcome.status, 3);
    EXPECT_FALSE(outcome.out_of_time);
}

}  // namespace
}  // namespace cli
