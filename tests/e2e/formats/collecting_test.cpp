// SPDX-License-Identifier: Apache-2.0
//
// One document of a run, whatever becomes of the run; and what is refused before it begins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "tests/e2e/formats/formats.h"
#include "tests/support/eventually.h"

namespace formats {
namespace {

using cli::content;
using testing::HasSubstr;

TEST(Collecting, TakesEveryProcessIntoOneDocument) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/out.xml";

    const support::Outcome outcome =
        cli::run({"gate", "--format", "junit", "-o", file, "sh", "-c", BLOCKED_WORKER " exit 0; /bin/true; exit 0"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_EQ(complaint_about_junit(file), "");
    EXPECT_THAT(content(file), HasSubstr(R"(tests="3" failures="1")"));
    EXPECT_THAT(content(file), HasSubstr(R"(<testcase name="/bin/true" classname="true")"));
}

TEST(Collecting, MakesADocumentForEachProcessWherePidIsInItsName) {
    const support::TemporaryFolder folder;

    cli::run({"run", "--format", "sarif=" + folder.path() + "/%p.sarif", "sh", "-c", "/bin/true; exit 0"});

    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
        ++files;
        EXPECT_EQ(complaint_about_sarif(entry.path().string()), "");
    }
    EXPECT_EQ(files, 2U);
}

TEST(Collecting, IsCompleteAfterATimeout) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/out.xml";

    const support::Outcome outcome =
        cli::run({"gate", "--timeout", "300ms", "--format", "junit=" + file, BLOCKED_WORKER, "hang"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_EQ(complaint_about_junit(file), "");
    EXPECT_THAT(content(file), HasSubstr("<failure message=\"blocked: "));
}

/// The service that sent TERM kills what does not end.
TEST(Collecting, IsCompleteBeforeAKillThatFollowsTerm) {
    const support::TemporaryFolder folder;
    const std::string file = folder.path() + "/out.xml";
    support::Running running(cli::loiter(
        {"gate", "--format", "junit=" + file, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"}));
    ASSERT_TRUE(running.await_output("ready"));
    EXPECT_EQ(content(file), "");

    running.signal(SIGTERM);

    EXPECT_TRUE(support::eventually([&] { return content(file).ends_with("</testsuites>\n"); }));
    EXPECT_EQ(complaint_about_junit(file), "");
}

TEST(Collecting, TellsThatTheProgramCouldNotBeObserved) {
    const support::TemporaryFolder folder;
    const std::string junit = folder.path() + "/out.xml";
    const std::string sarif = folder.path() + "/out.sarif";

    const support::Outcome outcome =
        cli::run({"gate", "--format", "junit=" + junit, "--format", "sarif=" + sarif, STATIC_PROGRAM});

    EXPECT_EQ(outcome.status, 125);
    EXPECT_EQ(complaint_about_junit(junit), "");
    EXPECT_EQ(complaint_about_sarif(sarif), "");
    EXPECT_THAT(content(junit), HasSubstr("<error message=\"not observed: "));
}

TEST(Collecting, RefusesBeforehandWhatCannotBeWritten) {
    const support::TemporaryFolder folder;
    const std::string trace = folder.path() + "/ran";

    for (const std::string place : {"/nosuch/out.xml", "/nosuch/%p.xml"}) {
        const support::Outcome outcome =
            cli::run({"gate", "--format", "text", "--format", "junit=" + place, "touch", trace});

        EXPECT_EQ(outcome.status, 2);
        EXPECT_EQ(outcome.errors, "loiter: cannot write " + place + ": No such file or directory\n");
    }
    EXPECT_FALSE(std::filesystem::exists(trace));
}

TEST(Collecting, LeavesTheStreamToPeopleWhereAllElseGoesToFiles) {
    const support::TemporaryFolder folder;

    const support::Outcome outcome =
        cli::run({"gate", "--format", "junit=" + folder.path() + "/out.xml", "sh", "-c", STATIC_PROGRAM "; exit 0"});

    EXPECT_EQ(outcome.errors, "loiter: not observed: " STATIC_PROGRAM " (static), once\n");
    EXPECT_THAT(content(folder.path() + "/out.xml"),
                HasSubstr("<skipped message=\"not observed: static (1 times)\"/>"));
}

}  // namespace
}  // namespace formats
