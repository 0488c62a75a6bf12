// SPDX-License-Identifier: Apache-2.0
//
// A thread that sits in no wrapper has its whole stack in the report, and does not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "tests/support/eventually.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;
using Words = std::vector<std::string>;

/// Sites from the innermost frame of the program on, by the thread's name.
const std::map<std::string, Words> kChains = {
    {"fgets", {"fgets", "start"}},   {"read", {"", "read", "deeper", "deeper", "deeper", "deep", "start"}},
    {"poll", {"", "poll", "start"}}, {"libc poll", {"libc poll", "start"}},
    {"epoll", {"epoll", "start"}},   {"recv", {"recv", "start"}},
};

support::Command observed(const Words& arguments, const support::TemporaryFolder& folder) {
    support::Command command;
    command.arguments = arguments;
    command.environment = {
        {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}};
    return command;
}

Json dump(pid_t pid) {
    const support::Outcome outcome =
        support::run({.arguments = {LOITER_COMMAND, "dump", "--format", "json", std::to_string(pid)}});
    EXPECT_EQ(outcome.status, 0) << outcome.errors;
    return Json::parse(outcome.output);
}

void expect_chain(const Json& stack, const Words& chain) {
    const std::vector<Json> frames = report::program_frames(stack);
    ASSERT_EQ(frames.size(), chain.size()) << report::describe(stack);
    for (size_t i = 0; i < chain.size(); ++i) {
        if (chain[i].empty()) continue;  // the instruction itself: gate::raw_call
        const report::Site site = report::site_of(SITTING_SOURCE, chain[i]);
        EXPECT_TRUE(report::is_at(frames[i], site)) << "expected " << report::describe(site) << " in\n"
                                                    << report::describe(stack);
    }
}

/// Every thread but main, which nobody knows a chain of.
size_t expect_chains(const Json& report) {
    size_t found = 0;
    for (const Json& thread : report.at("threads")) {
        const auto chain = kChains.find(report::text_of(thread.at("name")));
        if (chain == kChains.end()) continue;
        ++found;
        SCOPED_TRACE(chain->first);
        expect_chain(thread.at("stack"), chain->second);
        EXPECT_EQ(thread.at("stack_incomplete"), false);
    }
    EXPECT_EQ(report.dump().find("libloiter"), std::string::npos) << "a frame of ours in a stack";
    return found;
}

bool all_complete(const Json& report) {
    const Json& threads = report.at("threads");
    return std::none_of(threads.begin(), threads.end(), [](const Json& thread) {
        return thread.at("stack").empty() || thread.at("stack_incomplete") == true;
    });
}

TEST(OutsideStack, OfALiveThreadIsWholeAndTheThreadDoesNotNotice) {
    const support::TemporaryFolder folder;
    support::Running target(observed({SITTING_IN_CALLS, "wait"}, folder));
    ASSERT_TRUE(target.await_output("sitting"));

    for (int look = 0; look < 20; ++look) EXPECT_EQ(expect_chains(dump(target.pid())), kChains.size());
    target.signal(SIGUSR2);
    const support::Outcome outcome = target.finish();

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, "sitting\nfgets 65\nread 65\npoll 1\nlibc poll 1\nepoll 1\nrecv 2\n");
}

TEST(OutsideStack, OfAThreadThatIsAliveAtTheEndIsInTheFinding) {
    const support::Observed gated =
        support::observe(LOITER_COMMAND, "gate", {"--grace", "0ms"}, {.arguments = {SITTING_IN_CALLS, "leave"}});

    EXPECT_EQ(gated.outcome.status, 86);
    ASSERT_EQ(gated.reports.size(), 1U);
    EXPECT_EQ(expect_chains(gated.reports[0]), kChains.size());
    EXPECT_EQ(report::findings(gated.reports[0], "alive").size(), kChains.size());
}

TEST(OutsideStack, OfMemcachedIsWhole) {
    const support::TemporaryFolder folder;
    const support::TemporaryFolder sockets;
    std::filesystem::permissions(sockets.path(), std::filesystem::perms::all);
    Words command{"memcached", "-t", "3", "-s", sockets.path() + "/socket"};
    if (geteuid() == 0) command.insert(command.end(), {"-u", "root"});
    support::Running target(observed(command, folder));
    ASSERT_TRUE(support::eventually([&] { return std::filesystem::exists(sockets.path() + "/socket"); }));

    Json seen;
    EXPECT_TRUE(support::eventually([&] {
        seen = dump(target.pid());
        return seen.at("threads").size() > 4 && all_complete(seen);
    })) << seen.dump(1);
    EXPECT_EQ(seen.dump().find("libloiter"), std::string::npos);
}

TEST(OutsideStack, OfPythonIsWhole) {
    const support::TemporaryFolder folder;
    support::Running target(observed({"python3", "-c",
                                      "import os, threading\n"
                                      "ends = os.pipe()\n"
                                      "threading.Thread(target=os.read, args=(ends[0], 1)).start()\n"
                                      "print('up', flush=True)\n"
                                      "os.read(ends[0], 1)\n"},
                                     folder));
    ASSERT_TRUE(target.await_output("up"));

    Json seen;
    EXPECT_TRUE(support::eventually([&] {
        seen = dump(target.pid());
        const Json& threads = seen.at("threads");
        return threads.size() == 2 && threads[0].at("state") == "io read" && threads[1].at("state") == "io read";
    }));
    EXPECT_TRUE(all_complete(seen)) << seen.dump(1);
    for (const Json& thread : seen.at("threads")) {
        const Json& stack = thread.at("stack");
        EXPECT_TRUE(std::any_of(stack.begin(), stack.end(), [](const Json& frame) {
            return report::text_of(frame.at("function")).starts_with("_PyEval_EvalFrameDefault");
        })) << report::describe(stack);
    }
}

}  // namespace
