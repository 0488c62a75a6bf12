// SPDX-License-Identifier: Apache-2.0
//
// Which snapshot of a process stands: its recording is written by hand in the folder of a run.
#include "launch/process_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/read/recording_writer.h"

namespace launch {
namespace {

using protocol::Answer;
using protocol::Phase;
using reader_test::kDeadPid;
using reader_test::RecordingWriter;

std::string make_folder(const std::string& path) {
    std::filesystem::create_directory(path);
    return path;
}

class AProcessAtItsEnd : public testing::Test {
protected:
    AProcessAtItsEnd() : path_(directory_.path() + "/" + std::filesystem::path(writer_.path()).filename().string()) {
        tree_.set_root(static_cast<pid_t>(kDeadPid));
        writer_.start_thread(1);
        writer_.head().end = protocol::End::kExit;
    }

    void begins_to_record() { std::filesystem::rename(writer_.path(), path_); }

    /// `created`: the threads that it made so far, by which a look is told from another one.
    void asks(uint32_t created) {
        writer_.head().created_total = created;
        writer_.head().phase = Phase::kWaiting;
        ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), nullptr, 0), 0);
    }

    void fails_to_end() {
        writer_.head().answer = Answer::kNone;
        writer_.head().phase = Phase::kRunning;
    }

    /// Returns what the look that counts saw.
    uint64_t seen_when_gone() {
        writer_.head().created_total = 1000;
        writer_.head().phase = Phase::kDone;
        tree_.note_root_end(0);
        EXPECT_EQ(taken_.size(), 1U);
        return taken_.empty() ? 0 : taken_[0].created_total;
    }

    RecordingWriter writer_;
    RunDirectory directory_{make_folder(writer_.folder() + "/run")};
    std::vector<snapshot::Snapshot> taken_;
    OnSnapshot take_ = [this](snapshot::Snapshot&& snapshot) { taken_.push_back(std::move(snapshot)); };
    ProcessTree tree_{directory_, {7, "LOITER_SUPERVISOR=0:7"}, take_, true};
    std::string path_;
};

TEST_F(AProcessAtItsEnd, IsLookedAtWhenItAsks) {
    begins_to_record();
    tree_.look_at_news();
    asks(3);
    tree_.look_at_news();

    EXPECT_EQ(writer_.head().answer.load(), Answer::kDone);
    EXPECT_EQ(seen_when_gone(), 3U);
}

// Its start and its question may be news of one moment, and a look at all may come before the news.
TEST_F(AProcessAtItsEnd, IsNotLookedAtAgainOnceItMayGo) {
    begins_to_record();
    asks(3);
    tree_.look_at_all();
    asks(4);
    tree_.look_at_all();

    EXPECT_EQ(seen_when_gone(), 3U);
}

TEST_F(AProcessAtItsEnd, IsLookedAtForEachEndThatItComesTo) {
    begins_to_record();
    asks(3);
    tree_.look_at_news();
    fails_to_end();
    asks(5);
    tree_.look_at_news();

    EXPECT_EQ(writer_.head().answer.load(), Answer::kDone);
    EXPECT_EQ(seen_when_gone(), 5U);
}

/// Its parent has ended as well: what is known of it is what it recorded.
TEST(AFolderThatRunsShare, HasRecordingsOfOthersThatAreLeftAlone) {
    const auto reported = [](uint32_t run) {
        RecordingWriter writer;
        writer.start_thread(1);
        writer.head().run = run;
        writer.head().end = protocol::End::kExit;
        writer.head().phase = Phase::kDone;
        const RunDirectory directory(make_folder(writer.folder() + "/run"));
        size_t taken = 0;
        const OnSnapshot take = [&](snapshot::Snapshot&&) { ++taken; };
        ProcessTree tree(directory, {7, "LOITER_SUPERVISOR=0:7"}, take, true);
        const std::string name = std::filesystem::path(writer.path()).filename().string();
        std::filesystem::rename(writer.path(), directory.path() + "/" + name);

        tree.look_at_all();
        return taken;
    };

    EXPECT_EQ(reported(7), 1U);
    EXPECT_EQ(reported(8), 0U);
    EXPECT_EQ(reported(0), 0U) << "preloaded by hand";
}

}  // namespace
}  // namespace launch
