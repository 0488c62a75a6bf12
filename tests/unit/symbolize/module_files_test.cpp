// SPDX-License-Identifier: Apache-2.0
//
// Which file on disk is taken for a module and its debug information, and which is not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/symbolize/bank.h"

namespace {

using testing::ElementsAre;

const std::string kDebugPlace = "usr/lib/debug/.build-id/00/000000000000000000000000000000000000a2.debug";

/// What the frame at the site "deposit" is called, as the only frame of its stack.
std::string deposit_in(const std::string& library, const std::string& path, const std::string& build_id,
                       const std::string& root = "") {
    auto snapshot = bank::with_frame(path, build_id, bank::Library(library).sites.at("deposit"));
    snapshot.process.root = root;
    const auto frames = bank::named_frames(snapshot);
    return frames.size() == 1 ? frames[0] : "not one frame";
}

TEST(ModuleFile, OfAnotherBuildIdIsNotUsed) {
    EXPECT_EQ(deposit_in("bank_o2.so", bank::built("bank_o2.so"), bank::kIdO2),
              bank::kDeposit + " " + bank::marked("deposit"));
    EXPECT_EQ(deposit_in("bank_o2.so", bank::built("bank_o2.so"), bank::kIdO0), "");
    EXPECT_EQ(deposit_in("bank_o2.so", bank::built("bank_without_id.so"), bank::kIdO2), "");
}

TEST(ModuleFile, ThatIsMissingOrNoFileLeavesNamesEmpty) {
    const bank::Folder folder;
    const std::string pipe = folder.path() / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);

    EXPECT_EQ(deposit_in("bank_o2.so", folder.path() / "gone.so", ""), "");
    EXPECT_EQ(deposit_in("bank_o2.so", folder.path(), ""), "");
    EXPECT_EQ(deposit_in("bank_o2.so", pipe, ""), "");
    EXPECT_EQ(deposit_in("bank_o2.so", "/dev/zero", ""), "");
    EXPECT_EQ(deposit_in("bank_o2.so", "/proc/self/mem", ""), "");
}

/// That may act by itself: whoever waits at a pipe goes on, a watchdog begins to count.
TEST(ModuleFile, ThatIsNoFileIsNotEvenOpened) {
    const bank::Folder folder;
    const std::string pipe = folder.path() / "pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ASSERT_GE(inotify_add_watch(watch, pipe.c_str(), IN_OPEN), 0);

    EXPECT_EQ(deposit_in("bank_o2.so", pipe, ""), "");

    char event[4096];
    EXPECT_EQ(read(watch, event, sizeof(event)), -1);
    close(watch);
}

TEST(ModuleFile, ThatIsDeletedIsTakenFromItsPathWhenTheBuildIdIsTheSame) {
    const bank::Folder folder;
    const std::string path = folder.put("bank_o2.so", "bank.so") + " (deleted)";

    EXPECT_EQ(deposit_in("bank_o2.so", path, bank::kIdO2), bank::kDeposit + " " + bank::marked("deposit"));
    EXPECT_EQ(deposit_in("bank_o2.so", path, bank::kIdO0), "");
    EXPECT_EQ(deposit_in("bank_o2.so", path, ""), "");
}

TEST(ModuleFile, IsLookedForUnderTheTargetsRootFirst) {
    const bank::Folder root;
    const bank::Folder folder;
    const std::string path = folder.put("bank_o0.so", "bank.so");
    root.put("bank_o2.so", path.substr(1));

    EXPECT_EQ(deposit_in("bank_o2.so", path, "", root.path()), bank::kDeposit + " " + bank::marked("deposit"));
    EXPECT_EQ(deposit_in("bank_o0.so", path, bank::kIdO0, root.path()), bank::kDeposit + " " + bank::marked("deposit"));
}

TEST(ModuleFile, OfOneRootIsNotTakenForAnotherWithoutABuildId) {
    const bank::Folder root;
    const bank::Folder empty;
    root.put("bank_o2.so", "opt/bank.so");
    auto first = bank::with_frame("/opt/bank.so", "", bank::Library("bank_o2.so").sites.at("deposit"));
    auto second = first;
    first.process.root = root.path();
    second.process.root = empty.path();
    symbolize::Symbolizer symbolizer;

    symbolizer.name(first);
    symbolizer.name(second);

    EXPECT_THAT(bank::shown(first.stacks.at(1)), ElementsAre(bank::kDeposit + " " + bank::marked("deposit")));
    EXPECT_THAT(bank::shown(second.stacks.at(1)), ElementsAre(""));
}

TEST(DebugFile, IsFoundByBuildIdUnderTheTargetsRoot) {
    const bank::Folder root;
    root.put("bank_o2_stripped.so", "opt/bank.so");
    EXPECT_EQ(deposit_in("bank_o2_stripped.so", "/opt/bank.so", bank::kIdO2, root.path()), bank::kDeposit);

    root.put("bank_o2.debug", kDebugPlace);

    const std::string named = bank::kDeposit + " " + bank::marked("deposit");
    EXPECT_EQ(deposit_in("bank_o2_stripped.so", "/opt/bank.so", bank::kIdO2, root.path()), named);
    EXPECT_EQ(deposit_in("bank_o2_stripped.so", "/opt/bank.so", "", root.path()), named);
}

TEST(DebugFile, ByBuildIdStandsInForAModuleThatIsGoneOrRebuilt) {
    const bank::Folder root;
    root.put("bank_o0.so", "opt/rebuilt.so");
    root.put("bank_o2.debug", kDebugPlace);

    const std::string named = bank::kDeposit + " " + bank::marked("deposit");
    EXPECT_EQ(deposit_in("bank_o2.so", "/opt/gone.so", bank::kIdO2, root.path()), named);
    EXPECT_EQ(deposit_in("bank_o2.so", "/opt/rebuilt.so", bank::kIdO2, root.path()), named);
}

class DebugLink : public testing::TestWithParam<const char*> {};

TEST_P(DebugLink, LeadsToTheDebugFile) {
    const bank::Folder root;
    root.put("bank_o2_linked.so", "opt/bank.so");
    root.put("bank_o2.debug", GetParam());

    EXPECT_EQ(deposit_in("bank_o2_linked.so", "/opt/bank.so", bank::kIdO2, root.path()),
              bank::kDeposit + " " + bank::marked("deposit"));
}

INSTANTIATE_TEST_SUITE_P(Places, DebugLink,
                         testing::Values("opt/bank_o2.debug", "opt/.debug/bank_o2.debug",
                                         "usr/lib/debug/opt/bank_o2.debug"));

TEST(DebugFile, OfAnotherBuildIsNotUsed) {
    const bank::Folder folder;
    const std::string path = folder.put("bank_o2_linked.so", "bank.so");
    folder.put("bank_o0.so", "bank_o2.debug");

    EXPECT_EQ(deposit_in("bank_o2_linked.so", path, bank::kIdO2), bank::kDeposit);
}

TEST(DebugFile, WithoutBuildIdsIsToldByItsChecksum) {
    const bank::Folder folder;
    const std::string path = folder.put("bank_without_id_linked.so", "bank.so");
    const std::string debug_file = folder.put("bank_without_id.debug", "bank_without_id.debug");

    EXPECT_EQ(deposit_in("bank_without_id_linked.so", path, ""), bank::kDeposit + " " + bank::marked("deposit"));
    std::ofstream(debug_file, std::ios::app) << "x";
    EXPECT_EQ(deposit_in("bank_without_id_linked.so", path, ""), bank::kDeposit);
}

}  // namespace
