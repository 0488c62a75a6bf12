// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison.h"

#include <gtest/gtest.h>

#include "tests/support/snapshot_builder.h"

namespace analyze {
namespace {

using support::frame;
using support::Frames;
using support::libc_frame;

const Frames kStartLine = {frame("start()", "main.cpp", 9)};

Digest digest(const std::vector<std::pair<Frames, size_t>>& groups) {
    Digest made;
    for (const auto& [stack, threads] : groups) {
        for (size_t i = 0; i < threads; ++i) made.add_thread("cond wait", stack, kStartLine);
    }
    return made;
}

std::vector<std::string> told(const std::vector<Change>& changes) {
    std::vector<std::string> lines;
    for (const Change& change : changes) {
        lines.push_back(change.group.stack.front().function + " " + std::to_string(change.before) + " " +
                        std::to_string(change.after));
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(Comparison, TellsWhatAppearedGrewShrankAndWent) {
    const Frames a = {frame("a()", "x.cpp", 1)};
    const Frames b = {frame("b()", "x.cpp", 1)};
    const Frames c = {frame("c()", "x.cpp", 1)};
    const Frames d = {frame("d()", "x.cpp", 1)};
    const Frames e = {frame("e()", "x.cpp", 1)};

    const Comparison comparison =
        compare(digest({{a, 2}, {b, 1}, {c, 3}, {d, 1}}), digest({{b, 5}, {c, 1}, {d, 1}, {e, 4}}));

    EXPECT_EQ(comparison.threads_before, 7U);
    EXPECT_EQ(comparison.threads_after, 11U);
    EXPECT_EQ(told(comparison.appeared), Lines{"e() 0 4"});
    EXPECT_EQ(told(comparison.grew), Lines{"b() 1 5"});
    EXPECT_EQ(told(comparison.shrank), Lines{"c() 3 1"});
    EXPECT_EQ(told(comparison.gone), Lines{"a() 2 0"});
}

TEST(Comparison, TheLargestChangeComesFirst) {
    const Frames a = {frame("a()", "x.cpp", 1)};
    const Frames b = {frame("b()", "x.cpp", 1)};

    EXPECT_EQ(told(compare({}, digest({{a, 1}, {b, 7}})).appeared), (Lines{"b() 0 7", "a() 0 1"}));
}

TEST(Comparison, LinesLibrariesAndDepthOfRecursionAreNoChange) {
    const Frames before = {libc_frame("pthread_cond_wait"), frame("walk()", "x.cpp", 1), frame("walk()", "x.cpp", 1),
                           frame("run()", "x.cpp", 9)};
    const Frames after = {libc_frame("futex_wait"), libc_frame("pthread_cond_wait"), frame("walk()", "x.cpp", 2),
                          frame("run()", "x.cpp", 19)};

    const Comparison comparison = compare(digest({{before, 1}}), digest({{after, 1}}));

    EXPECT_TRUE(comparison.appeared.empty());
    EXPECT_TRUE(comparison.gone.empty());
}

TEST(Comparison, AnotherStateOrCreatorIsAnotherGroup) {
    const Frames a = {frame("a()", "x.cpp", 1)};
    Digest before;
    before.add_thread("cond wait", a, kStartLine);
    Digest after;
    after.add_thread("io read", a, kStartLine);
    after.add_thread("cond wait", a, {frame("other()", "main.cpp", 9)});

    const Comparison comparison = compare(before, after);

    EXPECT_EQ(comparison.appeared.size(), 2U);
    EXPECT_EQ(comparison.gone.size(), 1U);
}

TEST(Comparison, FindingsAreToldApartByTheirFingerprints) {
    Digest before;
    before.findings = {{"aa", "blocked: x"}, {"bb", "alive: y"}};
    Digest after;
    after.findings = {{"bb", "alive: y, but later"}, {"cc", "deadlock: z"}};

    const Comparison comparison = compare(before, after);

    EXPECT_EQ(comparison.new_findings, (std::map<std::string, std::string>{{"cc", "deadlock: z"}}));
    EXPECT_EQ(comparison.gone_findings, (std::map<std::string, std::string>{{"aa", "blocked: x"}}));
}

TEST(Comparison, OfASnapshotHasItsThreadsAndFindings) {
    support::SnapshotBuilder builder;
    builder.thread(1).ends_process();
    builder.thread(2).waits_on(support::condition(0x20)).at({frame("pop()", "q.cpp", 3)}).created_by(1, kStartLine);
    const snapshot::Snapshot snapshot = builder.build();
    Digest made;

    made.add(snapshot, analyze(snapshot));

    EXPECT_EQ(made.threads, 1U) << "without the one that ended the process";
    EXPECT_EQ(made.groups.size(), 1U);
    ASSERT_EQ(made.findings.size(), 1U);
    EXPECT_TRUE(made.findings.begin()->second.starts_with("blocked: "));
}

}  // namespace
}  // namespace analyze
