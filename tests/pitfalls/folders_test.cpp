// SPDX-License-Identifier: Apache-2.0
//
// Recordings have no folder of their own: /tmp or /dev/shm cannot be written, or are not there, nor is /proc. The
// program is as ever; what cannot be told is one line.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/pitfalls/unharmed.h"
#include "tests/support/report.h"

namespace pitfalls {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

support::Outcome in_mounts(const std::string& script, const Words& command) {
    Words words{
        "unshare", "--mount", "--propagation", "private", "/bin/sh", "-c", "set -e; " + script + "; exec \"$@\"", "sh"};
    words.insert(words.end(), command.begin(), command.end());
    return support::run({words});
}

long lines_in(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

class FoldersThatCannotBeWritten : public testing::Test {
protected:
    void SetUp() override {
        if (in_mounts(tmp_, {"true"}).status != 0) GTEST_SKIP() << "it cannot be made so here";
    }

    support::Outcome plain(const std::string& script) {
        return in_mounts(script, {"env", "LD_PRELOAD=" LOITER_LIBRARY,
                                  "LOITER_OPTIONS=grace=20ms:log_path=" + folder_.path() + "/plain", WORK, "leave"});
    }
    support::Outcome under(const char* command, const std::string& script) {
        return in_mounts(script, {LOITER_COMMAND, command, "--grace", "20ms", "-o", folder_.path() + "/report", "--",
                                  WORK, "leave"});
    }
    std::string text_of_plain() const {
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
            if (entry.path().filename().string().starts_with("plain.")) return report::read_text(entry.path());
        return "";
    }

    support::TemporaryFolder folder_;
    /// All of it but the place for the reports.
    const std::string tmp_ = "mount --bind /tmp /tmp; mount --bind " + folder_.path() + " " + folder_.path() +
                             "; mount -o remount,bind,ro /tmp";
    const std::string both_ = tmp_ + "; mount -t tmpfs -o ro none /dev/shm";
    const support::Outcome bare_ = support::run({{WORK, "leave"}});
};

TEST_F(FoldersThatCannotBeWritten, OneOfThemIsNotNeeded) {
    expect_same(plain(tmp_), bare_, "preloaded");
    EXPECT_THAT(text_of_plain(), HasSubstr("FOUND: 1 blocked thread"));
    expect_same(under("run", tmp_), bare_, "under the command");
    EXPECT_THAT(report::read_text(folder_.path() + "/report"), HasSubstr("FOUND: 1 blocked thread"));
}

/// In plain use the recording is in memory, and the end is reported all the same.
TEST_F(FoldersThatCannotBeWritten, NoneIsNeededInPlainUse) {
    expect_same(plain(both_), bare_, "preloaded");
    EXPECT_THAT(text_of_plain(), HasSubstr("FOUND: 1 blocked thread"));
}

TEST_F(FoldersThatCannotBeWritten, AreRefusedInOneLineUnderTheCommand) {
    const support::Outcome run = under("run", both_);
    const support::Outcome gate = under("gate", both_);

    EXPECT_EQ(run.status, kLeft);
    EXPECT_EQ(run.output, bare_.output);
    EXPECT_EQ(gate.status, kLeft) << "its own failure wins";
    for (const support::Outcome* const outcome : {&run, &gate}) {
        EXPECT_EQ(lines_in(outcome->errors), 1) << outcome->errors;
        EXPECT_THAT(outcome->errors, StartsWith("loiter: "));
        EXPECT_THAT(outcome->errors,
                    HasSubstr("no folder for its recording could be made in /dev/shm, $TMPDIR or /tmp"));
    }
    EXPECT_EQ(in_mounts(both_, {LOITER_COMMAND, "gate", "--", WORK}).status, 125) << "never 0 for what was not seen";
}

/// A root of its own, as a container's from scratch is: what the program needs, and what is to be observed with.
class FoldersThatAreMissing : public testing::Test {
protected:
    void SetUp() override {
        if (inside("", {"/b/work"}).status != 0) GTEST_SKIP() << "it cannot be made so here";
    }

    support::Outcome inside(const std::string& more, const Words& command) {
        const std::string root = folder_.path();
        const std::string script =
            "mount -t tmpfs none " + root + "; cd " + root + "; mkdir -p usr etc proc dev out b/bin b/lib/loiter; " +
            "for link in /*; do if [ -L $link ]; then cp -P $link .; fi; done; mount --rbind /usr usr; " +
            "mount --rbind /etc etc; touch dev/null; mount --bind /dev/null dev/null; cp " LOITER_COMMAND " b/bin/; " +
            "cp " LOITER_LIBRARY " b/lib/loiter/; cp " WORK " b/work; " + more + " true";
        Words words{"chroot", root};
        words.insert(words.end(), command.begin(), command.end());
        words.insert(words.begin(), {"unshare", "--mount", "--propagation", "private", "/bin/sh", "-c",
                                     "set -e; " + script +
                                         "; \"$@\" || status=$?; cat out/* >&2 2> /dev/null || true; "
                                         "exit ${status:-0}",
                                     "sh"});
        return support::run({words});
    }
    support::Outcome plain(const std::string& more) {
        return inside(more, {"env", "LD_PRELOAD=/b/lib/loiter/libloiter.so",
                             "LOITER_OPTIONS=grace=20ms:log_path=/out/report", "/b/work", "leave"});
    }
    support::Outcome under_run(const std::string& more) {
        return inside(more, {"/b/bin/loiter", "run", "--grace", "20ms", "--", "/b/work", "leave"});
    }

    static constexpr char kWithProc[] = "mount -t proc none proc;";
    support::TemporaryFolder folder_;
    const support::Outcome bare_ = support::run({{WORK, "leave"}});
};

TEST_F(FoldersThatAreMissing, AreNotNeededInPlainUse) {
    const support::Outcome outcome = plain(kWithProc);

    EXPECT_EQ(outcome.status, kLeft);
    EXPECT_EQ(outcome.output, bare_.output);
    EXPECT_THAT(outcome.errors, HasSubstr("FOUND: 1 blocked thread"));
}

TEST_F(FoldersThatAreMissing, AreNamedInOneLineUnderTheCommand) {
    const support::Outcome outcome = under_run(kWithProc);

    EXPECT_EQ(outcome.status, kLeft);
    EXPECT_EQ(outcome.output, bare_.output);
    EXPECT_EQ(lines_in(outcome.errors), 1) << outcome.errors;
    EXPECT_THAT(outcome.errors, HasSubstr("no folder for its recording could be made"));
}

/// /proc too: nobody can look into the memory that the recording is in.
TEST_F(FoldersThatAreMissing, WithProcAreOneLineAndTheProgramIsAsEver) {
    const support::Outcome of_plain = plain("");
    const support::Outcome of_run = under_run("");

    EXPECT_THAT(of_plain.errors, HasSubstr("there is no /proc here"));
    EXPECT_THAT(of_run.errors, HasSubstr("no folder for its recording could be made"));
    for (const support::Outcome* const outcome : {&of_plain, &of_run}) {
        EXPECT_EQ(outcome->status, kLeft);
        EXPECT_EQ(outcome->output, bare_.output);
        EXPECT_EQ(lines_in(outcome->errors), 1) << outcome->errors;
        EXPECT_THAT(outcome->errors, StartsWith("loiter: "));
    }
}

/// Of which the recordings are where they ever are.
TEST_F(FoldersThatAreMissing, ProcAloneTakesNoReportAway) {
    const std::string tmp = "mkdir -m 1777 tmp;";
    for (const support::Outcome& outcome : {plain(tmp), under_run(tmp)}) {
        EXPECT_EQ(outcome.status, kLeft);
        EXPECT_EQ(outcome.output, bare_.output);
        EXPECT_THAT(outcome.errors, HasSubstr("1 blocked thread"));
    }
}

}  // namespace
}  // namespace pitfalls
