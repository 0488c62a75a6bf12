// SPDX-License-Identifier: Apache-2.0
//
// Locks that a thread of another process has, and semaphores that it took last.
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
        return in_order(observed);
    }

    /// Of a child that waits for what its parent took before it forked: while it does, and after it was killed.
    Json report_of_waiting(const std::string& what) {
        for (const char* const timeout : {"700ms", "5s", "20s"}) {
            const support::Observed observed = support::observe(LOITER_COMMAND, "gate", {"--timeout", timeout},
                                                                {.arguments = {program_.path(), "fork", what}});
            if (observed.reports.size() != 2) continue;
            const Json child = in_order(observed).second;
            if (child.at("threads").at(0).at("state") != "running") return child;
        }
        throw std::runtime_error("the child never waited");
    }
    Json report_of_killed(const std::string& what) {
        return in_order(support::observe(LOITER_COMMAND, "gate", {},
                                         {.arguments = {program_.path(), "fork", what, "killed"}}))
            .second;
    }

    static std::pair<Json, Json> in_order(const support::Observed& observed) {
        if (observed.reports.size() != 2) throw std::runtime_error("not two reports");
        const Json& one = observed.reports[0];
        const Json& other = observed.reports[1];
        const bool is_first = other.at("process").at("ppid") == one.at("process").at("pid");
        return is_first ? std::make_pair(one, other) : std::make_pair(other, one);
    }

    Program program_ = program("lock_of_another_process");
};

std::vector<Build> command_builds() {
    std::vector<Build> builds = few_builds();
    std::erase_if(builds, [](const Build& build) { return build.plain; });
    return builds;
}

INSTANTIATE_TEST_SUITE_P(All, LockOfAnotherProcess, testing::ValuesIn(command_builds()),
                         testing::PrintToStringParamName());

struct What {
    const char* variant;
    const char* site;
    const char* state;
    const char* verdict;
    bool is_owned = true;  ///< a semaphore only has one who took it last
    const char* owner_site = nullptr;
};

TEST_P(LockOfAnotherProcess, IsFollowedToTheThreadThatHasIt) {
    for (const What& what :
         {What{"leaky", "mutex", "mutex lock", "blocked fact"}, What{"robust", "mutex", "mutex lock", "blocked fact"},
          What{"read", "written", "rwlock write", "blocked fact", true, "read"},
          What{"tried", "semaphore", "semaphore", "blocked fact", false, "tried"},
          What{"semaphore", "semaphore", "semaphore", "blocked fact", false},
          What{"named", "semaphore", "semaphore", "blocked fact", false},
          What{"set", "set", "io semop", "alive fact", false}, What{"flock", "flock", "file lock", "alive fact"},
          What{"part", "part", "file lock", "alive fact"}, What{"both", "flock", "file lock", "alive fact"}}) {
        SCOPED_TRACE(what.variant);
        const auto [parent, child] = reports(what.variant, 86);

        EXPECT_THAT(report::verdicts(parent), testing::ElementsAre(what.verdict));
        EXPECT_THAT(report::verdicts(child), testing::IsEmpty());
        expect_thread(parent, 2,
                      {.state = what.state, .block = program_.site(what.site), .created = program_.site("created")});
        const Json& owners = report::thread(parent, 2).at("waits_for").at("owners");
        ASSERT_EQ(owners.size(), 1U) << owners;
        const Json& owner = owners.at(0);
        EXPECT_EQ(owner.at("pid"), child.at("process").at("pid"));
        EXPECT_EQ(owner.at("command"), program_.path() + " " + what.variant);
        EXPECT_EQ(owner.at("mode"), std::string(what.variant) == "read" ? "shared" : "exclusive");
        EXPECT_EQ(owner.at("in_doubt"), !what.is_owned);
        EXPECT_EQ(owner.at("thread"), 1) << "of that process";
        const char* const owner_site = what.owner_site == nullptr ? what.site : what.owner_site;
        EXPECT_TRUE(report::passes(owner.at("acquired_at"), program_.site(owner_site)));
        EXPECT_EQ(owner.at("now").at("state"), "io read");
        EXPECT_TRUE(report::passes(owner.at("now").at("stack"), program_.site("held")));
    }
}

TEST_P(LockOfAnotherProcess, IsCleanWhenLetGo) {
    for (const char* const variant : {"fixed", "robust-fixed", "read-fixed", "tried-fixed", "semaphore-fixed",
                                      "named-fixed", "set-fixed", "flock-fixed", "part-fixed", "both-fixed"}) {
        SCOPED_TRACE(variant);
        const auto [parent, child] = reports(variant, 0);

        EXPECT_THAT(report::verdicts(parent), testing::IsEmpty());
        EXPECT_THAT(report::verdicts(child), testing::IsEmpty());
    }
}

TEST_P(LockOfAnotherProcess, IsNoneThatAChildOnlyInherits) {
    const auto [parent, child] = reports("inherited", 0);

    for (const Json& report : {parent, child}) {
        EXPECT_THAT(report::verdicts(report), testing::IsEmpty());
        EXPECT_EQ(report.at("misuse"), Json::array());
    }
}

TEST_P(LockOfAnotherProcess, IsNoneThatTheParentTookSinceItForked) {
    const Json child = reports("since", 0).second;

    EXPECT_EQ(report::thread(child, 1).at("holds").size(), 2U) << "what it had when it was forked, and its own";
}

TEST_P(LockOfAnotherProcess, IsItsParentsAloneForAChildThatWaitsForIt) {
    for (const char* const what : {"leaky", "robust", "written", "read", "spin"}) {
        SCOPED_TRACE(what);
        const Json waiting = report_of_waiting(what);
        EXPECT_THAT(report::verdicts(waiting), testing::Not(testing::Contains(testing::HasSubstr("deadlock"))));
        EXPECT_EQ(waiting.at("threads").at(0).at("holds"), Json::array());
    }
    for (const char* const what : {"leaky", "robust", "written", "read"}) {
        SCOPED_TRACE(what);
        EXPECT_THAT(report::verdicts(report_of_killed(what)), testing::ElementsAre("blocked fact"));
    }
}

/// What memory it lies in is not known any more when the process has ended.
TEST_P(LockOfAnotherProcess, IsTheChildsAsWellWhereItHasACopyOfIt) {
    EXPECT_THAT(report::verdicts(report_of_waiting("own-spin")), testing::ElementsAre("self-deadlock proved"));
    EXPECT_THAT(report::verdicts(report_of_killed("own-spin")), testing::ElementsAre("self-deadlock likely"));
    EXPECT_THAT(report::verdicts(report_of_killed("spin")), testing::ElementsAre("self-deadlock likely"));
}

}  // namespace
}  // namespace gallery
