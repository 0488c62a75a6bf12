// SPDX-License-Identifier: Apache-2.0
#include "launch/exec_notes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/target_runner.h"

namespace launch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr uint32_t kRoot = 2147483640;  // above every pid that the kernel gives out
constexpr uint32_t kChild = kRoot + 1;
constexpr uint32_t kRun = 4294967295;

class Notes : public testing::Test {
protected:
    /// A process says that it is about to execute `text`.
    std::string say(uint32_t pid, const std::string& text, uint32_t run = kRun) {
        const std::string name =
            "loiter-exec-" + std::to_string(pid) + "-" + std::to_string(run) + "-" + std::to_string(++count_);
        std::filesystem::create_symlink(text, folder_.path() + "/" + name);
        notes_.take(name);
        return name;
    }

    void take_back(const std::string& name) { std::filesystem::remove(folder_.path() + "/" + name); }

    std::vector<std::string> finish() {
        std::vector<std::string> shown;
        for (const Unobserved& one : notes_.finish(kRoot)) {
            shown.push_back(one.program + " (" + one.why + ") " + std::to_string(one.times));
        }
        return shown;
    }

    bool folder_is_empty() const { return std::filesystem::is_empty(folder_.path()); }

    support::TemporaryFolder folder_;
    std::string path_ = folder_.path();
    ExecNotes notes_{path_, kRun};
    int count_ = 0;
};

TEST_F(Notes, WithoutARecordingAreUnobserved) {
    say(kChild, "k/bin/true");
    say(kChild + 1, std::string("k") + STATIC_PROGRAM);
    say(kChild + 2, std::string("k") + STATIC_PROGRAM);
    say(kChild + 3, "s/bin/true");

    EXPECT_THAT(finish(), ElementsAre(std::string(STATIC_PROGRAM) + " (static) 2", "/bin/true (it left no recording) 1",
                                      "/bin/true (started without LD_PRELOAD or LOITER_DIR) 1"));
    EXPECT_TRUE(folder_is_empty());
}

TEST_F(Notes, AreAnsweredByARecordingThatComesAfter) {
    notes_.note_recording(kChild);
    say(kChild, "k/bin/true");
    say(kChild + 1, "k/bin/true");
    notes_.note_recording(kChild + 1);

    EXPECT_THAT(finish(), ElementsAre("/bin/true (it left no recording) 1"));
    EXPECT_TRUE(folder_is_empty());
}

TEST_F(Notes, OfAnEarlierProcessOfThatNumberStay) {
    say(kChild, "k/bin/false");
    say(kChild, "k/bin/true");
    notes_.note_recording(kChild);

    EXPECT_THAT(finish(), ElementsAre("/bin/false (it left no recording) 1"));
}

TEST_F(Notes, TakenBackCountForNothing) {
    take_back(say(kChild, "k/bin/true"));

    EXPECT_THAT(finish(), IsEmpty());
}

TEST_F(Notes, OfCmdItselfAreNotItsChildren) {
    say(kRoot, std::string("k") + STATIC_PROGRAM);

    EXPECT_THAT(finish(), IsEmpty());
    EXPECT_TRUE(folder_is_empty());
}

TEST_F(Notes, OfRunningProcessesAreNamedOnlyWhenThatIsCertain) {
    const auto self = static_cast<uint32_t>(getpid());
    const std::string exe = std::filesystem::read_symlink("/proc/self/exe").string();

    say(self, "k" + exe);                          // may be loading the library right now
    say(self, std::string("k") + STATIC_PROGRAM);  // has not executed it yet
    EXPECT_THAT(finish(), IsEmpty());

    say(self, "s" + exe);
    EXPECT_THAT(finish(), ElementsAre(exe + " (started without LD_PRELOAD or LOITER_DIR) 1"));
}

TEST_F(Notes, OfOtherRunsAreLeftAlone) {
    say(kChild, "k/bin/true", kRun - 1);

    EXPECT_THAT(finish(), IsEmpty());
    EXPECT_FALSE(folder_is_empty());
}

TEST_F(Notes, ThatAreDamagedCountForNothing) {
    for (const std::string name :
         {"loiter-exec-", "loiter-exec-x", "loiter-exec-1", "loiter-exec-1-", "loiter-exec-1-x"}) {
        std::filesystem::create_symlink("k/bin/true", folder_.path() + "/" + name);
        notes_.take(name);
    }
    say(kChild, "k");

    EXPECT_THAT(finish(), IsEmpty());
}

}  // namespace
}  // namespace launch
