// SPDX-License-Identifier: Apache-2.0
//
// What processes that were killed leave in the usual folder, where nobody calls the command: in a mount namespace
// that has a folder of its own in that place.
#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <sstream>

#include "protocol/layout.h"
#include "tests/pitfalls/unharmed.h"

namespace pitfalls {
namespace {

constexpr char kKilled[] = "env LD_PRELOAD='" LOITER_LIBRARY "' LOITER_OPTIONS=report=none " DECIDED " be_killed ";

class OldRecordings : public testing::Test {
protected:
    /// What `script` says where /dev/shm has so much room, and is empty.
    static support::Outcome in_room(const std::string& size, const std::string& script) {
        support::Command command{
            {"unshare", "--mount", "--propagation", "private", "sh", "-c",
             "mount -t tmpfs -o size=" + size + " none /dev/shm && { " + script + "; } 2> /dev/null"}};
        command.environment = {{"LOITER_DIR", ""}};
        return support::run(command);
    }

    void SetUp() override {
        if (in_room("1m", "true").status != 0) GTEST_SKIP() << "it cannot be made so here";
    }

    static std::string repeat(int times, const std::string& command) {
        return "for i in $(seq " + std::to_string(times) + "); do " + command + "; done";
    }

    static size_t recordings_in(const std::string& listed) {
        size_t count = 0;
        std::istringstream lines(listed);
        for (std::string line; std::getline(lines, line);) count += line.starts_with(protocol::kFilePrefix) ? 1 : 0;
        return count;
    }
};

TEST_F(OldRecordings, OfAServiceThatIsRestartedForEverAreAsManyAsAreKept) {
    const support::Outcome outcome = in_room("1g", repeat(protocol::kKeptRecordings + 20, kKilled) + "; ls /dev/shm");

    // The last one has not been followed by another.
    EXPECT_EQ(recordings_in(outcome.output), protocol::kKeptRecordings + 1) << outcome.output;
}

TEST_F(OldRecordings, LeaveMostOfTheRoomToTheProgram) {
    const support::Outcome outcome =
        in_room("16m", repeat(12, kKilled + std::string("300")) + "; ls /dev/shm | wc -l; du -sk /dev/shm");

    std::istringstream said(outcome.output);
    long count = 0;
    long kilobytes = 0;
    said >> count >> kilobytes;
    EXPECT_GE(count, 2) << "the newest stay";
    EXPECT_LT(kilobytes, 2 * 1024 + 2 * 2048) << "an eighth, and the last one: " << outcome.output;
}

/// All of them are older than those that go.
TEST_F(OldRecordings, OfOthersAndOfTheLivingStay) {
    const support::TemporaryFolder folder;
    const std::string script =
        "cd /dev/shm; " + (kKilled + std::string("; dead=$(ls); ")) +
        "copy() { cp --sparse=always $dead $1; }; "
        "copy loiter-1-1-000000000000000a; chown 65534 loiter-1-1-000000000000000a; "
        "copy loiter-1-1-000000000000000b; printf x | dd of=loiter-1-1-000000000000000b bs=1 seek=" +
        std::to_string(offsetof(protocol::ProcessRecord, pid_namespace)) +
        " conv=notrunc; "
        "copy loiter-1-1-000000000000000c; printf x | dd of=loiter-1-1-000000000000000c bs=1 seek=" +
        std::to_string(offsetof(protocol::ProcessRecord, version)) +
        " conv=notrunc; "
        "copy other; ln -s other loiter-1-1-000000000000000d; mkdir loiter-1-1-000000000000000e; "
        "env LD_PRELOAD='" LOITER_LIBRARY "' LOITER_OPTIONS=report=none " DECIDED " stay live > " +
        folder.path() + "/live & live=$!; until grep -q ready " + folder.path() +
        "/live; do sleep 0.01; done; mv loiter-$live-* loiter-1-1-000000000000000f; "
        "touch -h -d @1 *; " +
        repeat(protocol::kKeptRecordings + 8, kKilled) + "; ls; kill -9 $live";
    const support::Outcome outcome = in_room("1g", script);

    for (const char which : {'a', 'b', 'c', 'd', 'e', 'f'}) {
        const std::string name = std::string("loiter-1-1-000000000000000") + which + "\n";
        EXPECT_NE(outcome.output.find(name), std::string::npos) << name << outcome.output;
    }
    EXPECT_NE(outcome.output.find("other\n"), std::string::npos);
    EXPECT_EQ(recordings_in(outcome.output), protocol::kKeptRecordings + 1 + 6) << outcome.output;
}

/// A folder that somebody chose is his: he may want them all.
TEST_F(OldRecordings, InAFolderThatSomebodyChoseStayForTheCommand) {
    const support::TemporaryFolder folder;
    const std::string script =
        "export LOITER_DIR=" + folder.path() + "; " + repeat(protocol::kKeptRecordings + 8, kKilled);

    in_room("1g", script);

    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), protocol::kKeptRecordings + 8);
}

}  // namespace
}  // namespace pitfalls
