// SPDX-License-Identifier: Apache-2.0
//
// Debian's programs as they are installed, without the library.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "tests/e2e/unobserved/unobserved.h"
#include "tests/support/eventually.h"

namespace {

using report::Json;
using testing::Each;
using testing::HasSubstr;
using unobserved::dump;
using unobserved::Words;

bool is_whole(const Json& thread) {
    return !thread.at("stack").empty() && thread.at("stack_incomplete") == false;
}

bool names(const Json& stack, const std::string& function) {
    return std::any_of(stack.begin(), stack.end(), [&](const Json& frame) {
        return report::text_of(frame.at("function")).find(function) != std::string::npos;
    });
}

TEST(UnobservedProgram, MemcachedHasItsWorkersInEpollAndOthersInConditions) {
    if (support::run({.arguments = {"memcached", "--version"}}).status != 0) {
        GTEST_SKIP() << "no memcached: apt-get install memcached";
    }
    const support::TemporaryFolder folder;
    const std::string socket = folder.path() + "/socket";
    Words command{"memcached", "-t", "3", "-s", socket};
    if (geteuid() == 0) command.insert(command.end(), {"-u", "root"});
    support::Running target({.arguments = command});
    ASSERT_TRUE(support::eventually([&] { return std::filesystem::exists(socket); }));

    Json seen;
    EXPECT_TRUE(support::eventually([&] {
        seen = dump(target.pid());
        const Json& threads = seen.at("threads");
        return threads.size() > 4 && std::all_of(threads.begin(), threads.end(), is_whole);
    })) << seen.dump(1);

    std::map<std::string, int> states;
    for (const Json& thread : seen.at("threads")) ++states[thread.at("state")];
    EXPECT_GE(states["io epoll_wait"], 4);
    EXPECT_GE(states["cond wait"], 1);
    EXPECT_EQ(states.count("futex"), 0U);
    EXPECT_EQ(seen.at("findings"), Json::array());
}

TEST(UnobservedProgram, PythonInALockIsInASemaphore) {
    support::Running target({.arguments = {"python3", "-c",
                                           "import threading, time\n"
                                           "lock = threading.Lock()\n"
                                           "lock.acquire()\n"
                                           "threading.Thread(target=lock.acquire).start()\n"
                                           "print('up', flush=True)\n"
                                           "time.sleep(10000)\n"}});
    ASSERT_TRUE(target.await_output("up"));

    Json seen;
    EXPECT_TRUE(support::eventually([&] {
        seen = dump(target.pid());
        const Json& threads = seen.at("threads");
        return threads.size() == 2 && threads[1].at("state") == "semaphore" && is_whole(threads[1]);
    })) << seen.dump(1);
    EXPECT_TRUE(names(report::thread(seen, 2).at("stack"), "_PyEval_EvalFrameDefault"));
}

TEST(UnobservedProgram, RustHasItsStackWithNamesOfItsOwn) {
    if (!HAS_RUSTC) GTEST_SKIP() << "no rustc when the build was configured: apt-get install rustc";
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/hang.rs")
        << "use std::sync::Mutex;\n"
           "static LOCK: Mutex<i32> = Mutex::new(0);\n"
           "#[inline(never)] fn lock_again() { let _again = LOCK.lock(); }\n"
           "fn main() { let _held = LOCK.lock(); println!(\"up\"); lock_again(); }\n";
    const std::string program = folder.path() + "/hang";
    ASSERT_EQ(support::run({.arguments = {"rustc", "-g", "-o", program, folder.path() + "/hang.rs"}}).status, 0);
    support::Running target({.arguments = {program}});
    ASSERT_TRUE(target.await_output("up"));

    Json seen;
    EXPECT_TRUE(support::eventually([&] {
        seen = dump(target.pid());
        return is_whole(report::thread(seen, 1)) && names(report::thread(seen, 1).at("stack"), "hang::lock_again");
    })) << seen.dump(1);
}

}  // namespace
