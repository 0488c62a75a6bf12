// SPDX-License-Identifier: Apache-2.0
//
// Locks that a thread of another process has.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

class LockOfAnotherProcess : public GalleryTest {
protected:
    /// Under the command, which reports of both processes: the parent's, and the child's.
    std::pair<Json, Json> reports(const std::string& variant, int status) {
        const support::Observed observed =
            support::observe(LOITER_COMMAND, "gate", {"--grace", "50ms"}, {.arguments = {program_.path(), variant}});
        EXPECT_EQ(observed.outcome.status, status) << observed.outcome.errors;
        if (observed.reports.size() != 2) throw std::runtime_error("not two reports");
        const Json& one = observed.reports[0];
        const Json& other = observed.reports[1];
        const bool is_first = other.at("process").at("ppid") == one.at("process").at("pid");
        return is_first ? std::make_pair(one, other) : std::make_pair(other, one);
    }

    Program program_ = program("lock_of_another_process");
};

std::vector<Build> command_builds() {
    std::vector<Build> builds = all_builds();
    std::erase_if(builds, [](const Build& build) { return build.plain; });
    return builds;
}

INSTANTIATE_TEST_SUITE_P(All, LockOfAnotherProcess, testing::ValuesIn(command_builds()),
                         testing::PrintToStringParamName());

TEST_P(LockOfAnotherProcess, NamesThatProcess) {
    const auto [parent, child] = reports("leaky", 86);

    EXPECT_THAT(report::verdicts(parent), testing::ElementsAre("blocked fact"));
    EXPECT_THAT(report::verdicts(child), testing::IsEmpty());
    expect_thread(parent, 2,
                  {.state = "mutex lock", .block = program_.site("block"), .created = program_.site("created")});
    const Json& owners = report::thread(parent, 2).at("waits_for").at("owners");
    ASSERT_EQ(owners.size(), 1U) << owners;
    EXPECT_EQ(owners.at(0).at("thread"), nullptr);
    EXPECT_EQ(owners.at(0).at("pid"), child.at("process").at("pid"));
    EXPECT_EQ(owners.at(0).at("command"), program_.path() + " leaky");
    EXPECT_EQ(owners.at(0).at("mode"), "exclusive");
}

TEST_P(LockOfAnotherProcess, IsCleanWhenLetGo) {
    const auto [parent, child] = reports("fixed", 0);

    EXPECT_THAT(report::verdicts(parent), testing::IsEmpty());
    EXPECT_THAT(report::verdicts(child), testing::IsEmpty());
}

}  // namespace
}  // namespace gallery
