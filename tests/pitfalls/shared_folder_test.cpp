// SPDX-License-Identifier: Apache-2.0
//
// Folders that users share, /tmp above all: nobody reads another's recording, or has another write where he wants.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/pitfalls/unharmed.h"
#include "tests/support/report.h"

namespace pitfalls {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kNobody = 65534;

/// Runs the program after `script`, which finds the name of the report of its process in $report.
support::Outcome run_behind(const std::string& script, const std::string& folder) {
    const std::string whole = "report=" + folder + "/report.$$; " + script + "; LD_PRELOAD='" + LOITER_LIBRARY +
                              "' LOITER_OPTIONS=grace=20ms:log_path=" + folder + "/report exec " + WORK + " leave";
    return support::run({{"/bin/sh", "-c", whole}});
}

class GuessedReport : public testing::Test {
protected:
    void SetUp() override { std::ofstream(victim()) << "precious"; }
    std::string victim() const { return folder_.path() + "/victim"; }

    /// The program is as it was, what somebody put there too, and a line says why there is no report.
    void expect_refused(const std::string& script) {
        const support::Outcome outcome = run_behind(script, folder_.path());
        EXPECT_EQ(outcome.status, kLeft);
        EXPECT_EQ(report::read_text(victim()), "precious");
        EXPECT_THAT(outcome.errors, testing::StartsWith("loiter: cannot write " + folder_.path() + "/report."));
        EXPECT_FALSE(outcome.out_of_time);
    }

    support::TemporaryFolder folder_;
};

TEST_F(GuessedReport, IsWrittenWhereNobodyWasBefore) {
    EXPECT_EQ(run_behind("true", folder_.path()).status, kLeft);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 2);
}

TEST_F(GuessedReport, IsNotWrittenThroughALink) {
    expect_refused("ln -s victim $report");
}

TEST_F(GuessedReport, IsNotWrittenThroughAnotherNameOfAFile) {
    expect_refused("ln " + victim() + " $report");
}

TEST_F(GuessedReport, IsNotWrittenIntoAPipe) {
    expect_refused("mkfifo $report");
}

TEST_F(GuessedReport, IsNotWrittenIntoAnotherUsersFile) {
    if (geteuid() != 0) GTEST_SKIP() << "takes root, to make another user's file";
    expect_refused("echo mine > $report; chmod 666 $report; chown 65534 $report");
}

/// Of a program that lets everybody read and write what it makes.
TEST(RecordingInASharedFolder, IsItsUsersAlone) {
    const support::TemporaryFolder folder;
    ASSERT_EQ(chmod(folder.path().c_str(), 01777), 0);
    const bool is_root = geteuid() == 0;
    const std::string user = is_root ? "setpriv --reuid=65534 --clear-groups " : "";
    const std::string killed =
        "umask 0; " + user + "env LD_PRELOAD=" LOITER_LIBRARY " LOITER_DIR=" + folder.path() + " sh -c 'kill -9 $$'";
    support::run({{"/bin/sh", "-c", killed}});

    size_t recordings = 0;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder.path())) {
        struct stat status = {};
        ASSERT_EQ(lstat(entry.path().c_str(), &status), 0);
        EXPECT_TRUE(S_ISREG(status.st_mode));
        EXPECT_EQ(status.st_mode & 07777, 0600U) << entry.path();
        EXPECT_EQ(status.st_uid, is_root ? kNobody : geteuid());
        ++recordings;
    }
    EXPECT_GE(recordings, 1U);
}

TEST(RecordingInASharedFolder, OfAnotherUserIsRefusedInOneLine) {
    if (geteuid() != 0) GTEST_SKIP() << "takes root, to be two users";
    const support::TemporaryFolder folder;
    ASSERT_EQ(chmod(folder.path().c_str(), 01777), 0);
    const std::string killed = "env LD_PRELOAD=" LOITER_LIBRARY " LOITER_DIR=" + folder.path() + " sh -c 'kill -9 $$'";
    support::run({{"/bin/sh", "-c", killed}});
    const std::string recording = fs::directory_iterator(folder.path())->path();

    // Readable for all, as a copy may be: it is still not his.
    ASSERT_EQ(chmod(recording.c_str(), 0644), 0);
    const support::Outcome refused =
        support::run({{"setpriv", "--reuid=65534", "--clear-groups", LOITER_COMMAND, "report", recording}});
    const support::Outcome of_root = support::run({{LOITER_COMMAND, "report", recording}});

    EXPECT_EQ(refused.status, 125);
    EXPECT_EQ(refused.errors, "loiter: " + recording + " belongs to another user (0); run as that user or as root\n");
    EXPECT_EQ(refused.output, "");
    EXPECT_EQ(of_root.status, 0) << of_root.errors;
}

/// Another user made the folder of the recordings first: nothing of what he put there is used.
TEST(RecordingInASharedFolder, ThatAnotherUserMadeIsANewFile) {
    if (geteuid() != 0) GTEST_SKIP() << "takes root, to be two users";
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/loiter-1-2-0000000000000003") << "mine";
    for (const std::string& path : {folder.path(), folder.path() + "/loiter-1-2-0000000000000003"})
        ASSERT_EQ(chown(path.c_str(), kNobody, kNobody), 0);

    const support::Outcome run = support::run({{LOITER_COMMAND, "run", "--dir", folder.path(), "--format", "json", "-o",
                                                folder.path() + "/out", "--grace", "20ms", "--", WORK, "leave"}});

    EXPECT_EQ(run.status, kLeft) << run.errors;
    EXPECT_EQ(report::read_text(folder.path() + "/loiter-1-2-0000000000000003"), "mine");
    EXPECT_NE(report::read_text(folder.path() + "/out").find("\"observed\":true"), std::string::npos);
}

}  // namespace
}  // namespace pitfalls
