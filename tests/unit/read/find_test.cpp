// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <time.h>

#include <algorithm>

#include "read/kernel/proc.h"
#include "read/read.h"
#include "recording_writer.h"

namespace reader_test {
namespace {

using reader::Found;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr double kHour = 3600;

std::string file_name(uint32_t pid, uint64_t nonce) {
    char name[64];
    std::snprintf(name, sizeof(name), "/loiter-%u-%lu-%016lx", pid, kStartTicks, nonce);
    return name;
}

/// A copy of the recording under another nonce, started so many seconds ago and silent since.
std::string copy_with_age(RecordingWriter& writer, const std::string& folder, uint64_t nonce, uint64_t age_seconds) {
    const uint64_t now = reader::monotonic_now();
    writer.head().started_ns = now > age_seconds * kSecond ? now - age_seconds * kSecond : 1;
    writer.head().started_realtime_ns = reader::realtime_now() - static_cast<int64_t>(age_seconds * kSecond);
    std::string path = folder + file_name(kDeadPid, nonce);
    std::filesystem::copy_file(writer.path(), path);
    timespec times[2] = {{}, {}};
    times[1].tv_sec = times[0].tv_sec = time(nullptr) - static_cast<time_t>(age_seconds);
    EXPECT_EQ(utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
    return path;
}

std::vector<std::string> paths_in(const std::string& folder) {
    std::vector<std::string> paths;
    for (const Found& found : reader::find_recordings(folder)) paths.push_back(found.path);
    return paths;
}

TEST(FoundRecording, TellsWhatItIs) {
    RecordingWriter writer;
    std::strcpy(writer.head().exe, "/srv/bank");
    writer.command({"./bank", "-x"});
    writer.head().started_realtime_ns = reader::realtime_now() - 50 * static_cast<int64_t>(kSecond);
    writer.start_thread(1);
    writer.start_thread(2).life |= protocol::kLifeFinished;
    writer.start_thread(3).life |= protocol::kLifeFinished | protocol::kLifeJoined;
    writer.start_thread(4).life |= protocol::kLifeFinished | protocol::kLifeDetached;

    const std::vector<Found> all = reader::find_recordings(writer.folder());

    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].path, writer.path());
    EXPECT_EQ(all[0].pid, kDeadPid);
    EXPECT_FALSE(all[0].live);
    EXPECT_TRUE(all[0].readable);
    EXPECT_GT(all[0].bytes, 0U);
    EXPECT_LE(all[0].bytes, writer.bytes());
    EXPECT_EQ(all[0].bytes % 512, 0U);
    EXPECT_GE(all[0].age_seconds, 50);
    EXPECT_EQ(all[0].threads, 2U);
    EXPECT_EQ(all[0].exe, "/srv/bank");
    EXPECT_THAT(all[0].command, ElementsAre("./bank", "-x"));
}

TEST(FoundRecordings, AreNewestFirstAndNothingElse) {
    RecordingWriter writer;
    const TemporaryFolder folder;
    const std::string oldest = copy_with_age(writer, folder.path(), 1, 300);
    const std::string newest = copy_with_age(writer, folder.path(), 2, 100);
    const std::string middle = copy_with_age(writer, folder.path(), 3, 200);
    std::ofstream(folder.path() + "/loiter-notes") << "no recording";
    ASSERT_EQ(mkdir((folder.path() + file_name(1, 4)).c_str(), 0700), 0);
    ASSERT_EQ(symlink(newest.c_str(), (folder.path() + file_name(1, 5)).c_str()), 0);

    EXPECT_THAT(paths_in(folder.path()), ElementsAre(newest, middle, oldest));
    EXPECT_THAT(paths_in(folder.path() + "/missing"), IsEmpty());
}

TEST(FoundRecording, ThatCannotBeReadIsListedAllTheSame) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() + file_name(kDeadPid, 1)) << "torn";
    const std::vector<Found> all = reader::find_recordings(folder.path());
    ASSERT_EQ(all.size(), 1U);
    EXPECT_FALSE(all[0].readable);
    EXPECT_FALSE(all[0].live);
    EXPECT_EQ(all[0].pid, kDeadPid);
}

TEST(Prune, RemovesWhatIsOldAndWhatIsTooMany) {
    RecordingWriter writer;
    const TemporaryFolder folder;
    const std::string older = copy_with_age(writer, folder.path(), 1, 500);
    const std::string old = copy_with_age(writer, folder.path(), 2, 400);
    const std::string young = copy_with_age(writer, folder.path(), 3, 100);
    const std::string younger = copy_with_age(writer, folder.path(), 4, 50);

    EXPECT_EQ(reader::prune(folder.path(), kHour, 10), 0U);
    EXPECT_EQ(reader::prune(folder.path(), 450, 10), 1U);
    EXPECT_THAT(paths_in(folder.path()), ElementsAre(younger, young, old));
    EXPECT_EQ(reader::prune(folder.path(), kHour, 2), 1U);
    EXPECT_THAT(paths_in(folder.path()), ElementsAre(younger, young));
    EXPECT_EQ(reader::prune(folder.path(), kHour, 0), 2U);
    EXPECT_THAT(paths_in(folder.path()), IsEmpty());
    EXPECT_FALSE(std::filesystem::exists(older));
}

TEST(Prune, CountsTheTimeSinceTheLastSignOfLife) {
    RecordingWriter writer;
    const TemporaryFolder folder;
    writer.start_thread(1).created_ns = reader::monotonic_now();
    const std::string path = copy_with_age(writer, folder.path(), 1, 500);
    EXPECT_EQ(reader::prune(folder.path(), 450, 10), 0U);
    EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(Prune, RemovesRecordingsOfAnEarlierBoot) {
    RecordingWriter writer;
    const TemporaryFolder folder;
    // By its pid it would live.
    writer.head().pid = static_cast<uint32_t>(getpid());
    writer.head().start_ticks = reader::stat_of_process(writer.head().pid)->start_ticks;
    writer.head().boot_id[3] = 1;
    copy_with_age(writer, folder.path(), 1, 500);
    EXPECT_EQ(reader::prune(folder.path(), 450, 10), 1U);
}

/// Numbers are given out again: who has it by now began later.
TEST(Prune, RemovesRecordingsWhosePidAnotherProcessHas) {
    RecordingWriter writer;
    const TemporaryFolder folder;
    writer.head().pid = static_cast<uint32_t>(getpid());
    writer.head().start_ticks = reader::stat_of_process(writer.head().pid)->start_ticks - 1;
    copy_with_age(writer, folder.path(), 1, 500);
    EXPECT_THAT(reader::find_recordings(folder.path()).at(0).live, false);
    EXPECT_EQ(reader::prune(folder.path(), 450, 10), 1U);
}

TEST(Prune, LeavesLiveProcessesAlone) {
    RecordingWriter writer;
    writer.head().pid = static_cast<uint32_t>(getpid());
    writer.head().start_ticks = reader::stat_of_process(writer.head().pid)->start_ticks;
    EXPECT_EQ(reader::prune(writer.folder(), 0, 0), 0U);
    EXPECT_THAT(reader::find_recordings(writer.folder()).at(0).live, true);
}

TEST(Prune, LeavesOtherFilesAlone) {
    RecordingWriter writer;
    const TemporaryFolder folder;
    const std::string notes = folder.path() + "/loiter-notes";
    const std::string link = folder.path() + file_name(kDeadPid, 7);
    std::ofstream(notes) << "no recording";
    ASSERT_EQ(symlink(writer.path().c_str(), link.c_str()), 0);
    const std::string just_starting = folder.path() + file_name(kDeadPid, 8);
    std::ofstream(just_starting) << "";
    EXPECT_EQ(reader::prune(folder.path(), 0, 0), 0U);
    EXPECT_TRUE(std::filesystem::exists(notes) && std::filesystem::is_symlink(link));
    EXPECT_TRUE(std::filesystem::exists(just_starting));
}

TEST(Prune, LeavesOtherUsersAlone) {
    if (!OtherUser::is_possible()) GTEST_SKIP() << "takes root, to be another user for a while";
    RecordingWriter writer;
    chmod(writer.folder().c_str(), 0777);
    const OtherUser nobody;
    EXPECT_EQ(reader::prune(writer.folder(), 0, 0), 0U);
}

TEST(RecordingDirectories, AreTheUsualOnesAndThoseOfRuns) {
    const TemporaryFolder folder;
    const std::string of_run = folder.path() + "/loiter-run-Ab12Cd";
    ASSERT_EQ(mkdir(of_run.c_str(), 0700), 0);
    std::ofstream(folder.path() + "/loiter-run-file") << "";
    setenv("LOITER_DIR", folder.path().c_str(), 1);

    const std::vector<std::string> folders = reader::recording_directories();

    unsetenv("LOITER_DIR");
    EXPECT_EQ(folders.at(0), folder.path());
    EXPECT_THAT(folders, Contains("/dev/shm"));
    EXPECT_THAT(folders, Contains("/tmp"));
    EXPECT_THAT(folders, Contains(of_run));
    EXPECT_THAT(folders, testing::Not(Contains(folder.path() + "/loiter-run-file")));
    EXPECT_EQ(std::count(folders.begin(), folders.end(), "/tmp"), 1);
}

}  // namespace
}  // namespace reader_test
