// SPDX-License-Identifier: Apache-2.0
#include "launch/run_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "launch/launch.h"
#include "tests/support/target_runner.h"

namespace launch {
namespace {

using testing::Contains;
using testing::Not;

TEST(RunDirectory, IsPrivateAndFresh) {
    const RunDirectory one("");
    const RunDirectory other("");

    struct stat status = {};
    ASSERT_EQ(stat(one.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    EXPECT_NE(one.path(), other.path());
    EXPECT_TRUE(one.is_private());
    EXPECT_THAT(run_directories(), Contains(one.path()));
    EXPECT_THAT(abandoned_run_directories(), Not(Contains(one.path())));

    one.remove_if_empty();
    other.remove_if_empty();
    EXPECT_FALSE(std::filesystem::exists(one.path()));
}

TEST(RunDirectory, StaysWhileSomethingIsInIt) {
    const RunDirectory directory("");
    std::ofstream(directory.path() + "/file") << "x";

    directory.remove_if_empty();
    remove_unused_run_directories();

    EXPECT_TRUE(std::filesystem::exists(directory.path() + "/file"));
    std::filesystem::remove_all(directory.path());
}

TEST(RunDirectory, IsNotTakenForAbandonedWhileItsRunLives) {
    std::string path;
    {
        const RunDirectory directory("");
        path = directory.path();
        remove_unused_run_directories();
        EXPECT_TRUE(std::filesystem::exists(path));
    }
    remove_unused_run_directories();
    EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(RunDirectory, IsAbandonedWhenItsRunIsOverAndItIsNotEmpty) {
    std::string path;
    {
        const RunDirectory directory("");
        path = directory.path();
        std::ofstream(path + "/file") << "x";
    }
    EXPECT_THAT(abandoned_run_directories(), Contains(path));
    std::filesystem::remove_all(path);
}

TEST(RunDirectory, OfTheUserIsLeftAlone) {
    const support::TemporaryFolder folder;
    const RunDirectory directory(folder.path());

    EXPECT_FALSE(directory.is_private());
    directory.remove_if_empty();
    EXPECT_TRUE(std::filesystem::exists(folder.path()));
}

TEST(KeepDirectory, IsMadeWhereItIsMissing) {
    const support::TemporaryFolder folder;

    EXPECT_EQ(make_keep_directory(folder.path() + "/./kept"), folder.path() + "/kept");

    struct stat status = {};
    ASSERT_EQ(stat((folder.path() + "/kept").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700U);
    EXPECT_EQ(make_keep_directory(folder.path() + "/kept"), folder.path() + "/kept");
}

TEST(KeepDirectory, IsAbsoluteBecauseProgramsMove) {
    EXPECT_TRUE(make_keep_directory(".").starts_with("/"));
}

TEST(KeepDirectory, MustBeAFolderThatTakesFiles) {
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/file") << "x";
    std::filesystem::permissions(folder.path() + "/file", std::filesystem::perms::all);

    EXPECT_THROW(make_keep_directory(folder.path() + "/file"), Error);
    EXPECT_THROW(make_keep_directory(folder.path() + "/no/such"), Error);
    EXPECT_THROW(make_keep_directory("/proc/nosuch"), Error);
}

}  // namespace
}  // namespace launch
