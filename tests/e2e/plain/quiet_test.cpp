// SPDX-License-Identifier: Apache-2.0
//
// Programs that never start a thread notice nothing, and leave nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/plain/plain.h"

namespace plain {
namespace {

/// Single-threaded tools of every Debian; each runs on this folder's own files.
const std::vector<std::vector<std::string>> kTools = {
    {"true"},
    {"ls", "-la", "/etc/apt"},
    {"cat", "/etc/passwd"},
    {"grep", "-c", "root", "/etc/passwd"},
    {"sed", "s/root/user/", "/etc/passwd"},
    {"awk", "-F:", "{print $1}", "/etc/passwd"},
    {"find", "/etc/apt"},
    {"tar", "-cf", "-", "/etc/passwd"},
    {"gzip", "-c", "/etc/passwd"},
    {"head", "-n", "3", "/etc/passwd"},
    {"tail", "-n", "3", "/etc/passwd"},
    {"wc", "/etc/passwd"},
    {"cut", "-d:", "-f1", "/etc/passwd"},
    {"tr", "a-z", "A-Z"},
    {"od", "-c", "/etc/hostname"},
    {"md5sum", "/etc/passwd"},
    {"sh", "-c", "for i in 1 2 3; do echo $i; done | cat; exit 3"},
    {"bash", "-c", "a=$(echo x | tr x y); echo $a; false"},
    {"perl", "-e", "print join(\",\", sort map { $_ * 2 } 1..9), \"\\n\""},
    {"python3", "-c", "print(sum(range(10)))"},
    {"dpkg", "--version"},
    {"env"},
    {"xargs", "echo"},
    {"diff", "/etc/passwd", "/etc/group"},
};

std::vector<std::string> names_in(const std::string& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
}

/// The two variables are the program's to see.
std::string without_ours(const std::string& output) {
    std::string rest;
    for (size_t start = 0; start < output.size();) {
        const size_t end = std::min(output.find('\n', start), output.size() - 1);
        const std::string line = output.substr(start, end + 1 - start);
        if (!line.starts_with("LD_PRELOAD=") && !line.starts_with("LOITER_")) rest += line;
        start = end + 1;
    }
    return rest;
}

class Tool : public testing::TestWithParam<size_t> {};

TEST_P(Tool, RunsAsWithoutUsAndLeavesNothing) {
    const std::vector<std::string>& tool = kTools[GetParam()];
    const support::TemporaryFolder folder;
    support::Command plain{tool};
    plain.input = "a b c\n";
    support::Command observed = preloaded(tool, "grace=20ms:dir=" + folder.path());
    observed.input = plain.input;

    const support::Outcome expected = support::run(plain);
    const support::Outcome seen = support::run(observed);

    EXPECT_EQ(seen.status, expected.status);
    EXPECT_EQ(without_ours(seen.output), expected.output);
    EXPECT_EQ(seen.errors, expected.errors);
    EXPECT_THAT(names_in(folder.path()), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(OfDebian, Tool, testing::Range<size_t>(0, kTools.size()), [](const auto& row) {
    const std::string name = kTools[row.param][0];
    return name;
});

TEST(Quiet, ToolsLeaveNothingInTheUsualPlaces) {
    const std::vector<std::string> before = names_in("/dev/shm");
    for (const auto& tool : kTools) {
        support::Command command{tool};
        command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}};
        support::run(command);
    }
    // Other tests come and go there: what is new and ours must be of a process that lives.
    for (const std::string& name : names_in("/dev/shm")) {
        const bool is_new = std::find(before.begin(), before.end(), name) == before.end();
        if (!is_new || !name.starts_with("loiter-") || name.starts_with("loiter-run-")) continue;
        const std::string pid = name.substr(7, name.find('-', 7) - 7);
        EXPECT_TRUE(std::filesystem::exists("/proc/" + pid)) << name;
    }
}

}  // namespace
}  // namespace plain
