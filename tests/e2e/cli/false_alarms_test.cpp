// SPDX-License-Identifier: Apache-2.0
//
// Clean programs that end in the midst of their threads' ends: the gate says nothing of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

/// Each run ends at another moment; more of them, by hand, are a loop around this test.
TEST(FalseAlarms, AreNoneOverManyEndsOfACleanProgram) {
    for (int seed = 1; seed <= 20; ++seed) {
        const support::Outcome outcome = run({"gate", COMING_AND_GOING, std::to_string(seed)});

        EXPECT_EQ(outcome.status, 0) << "seed " << seed;
        EXPECT_EQ(outcome.errors, "") << "seed " << seed;
    }
}

/// One thread more that stays is found in the same program.
TEST(FalseAlarms, AreNotAvoidedBySilence) {
    const support::Outcome outcome = run({"gate", COMING_AND_GOING, "1", "stay"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_THAT(outcome.errors, testing::HasSubstr("FAILED: 1 blocked thread\n"));
}

/// Tests end the servers they start. Other threads of those are left behind all the same.
TEST(FalseAlarms, AreNoneOfHelpersThatTheirParentKills) {
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/helper.py") << R"(
import signal, sys, threading, time
if "thread" in sys.argv: threading.Thread(target=time.sleep, args=[99]).start()
print("ready", flush=True)
signal.pause()
)";
    std::ofstream(folder.path() + "/parent.py") << R"(
import subprocess, sys
helper = subprocess.Popen([sys.executable, *sys.argv[2:]], stdout=subprocess.PIPE)
helper.stdout.readline()
getattr(helper, sys.argv[1])()
helper.wait()
)";
    const auto gate = [&](const std::string& how, const std::string& thread) {
        return run({"gate", "python3", folder.path() + "/parent.py", how, folder.path() + "/helper.py", thread});
    };

    for (const std::string how : {"terminate", "kill"}) {
        EXPECT_EQ(gate(how, "none").status, 0) << how;
        EXPECT_EQ(gate(how, "none").errors, "") << how;
        EXPECT_EQ(gate(how, "thread").status, 86) << how;
    }
}

/// What hung before it was killed is a finding, with one thread as with many.
TEST(FalseAlarms, AreNotAvoidedForAHelperThatWasStuck) {
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/helper.py") << R"(
import ctypes
libc = ctypes.CDLL(None)
mutex = ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(mutex)
print("ready", flush=True)
libc.pthread_mutex_lock(mutex)
)";
    std::ofstream(folder.path() + "/parent.py") << R"(
import os, subprocess, sys
helper = subprocess.Popen([sys.executable, sys.argv[1]], stdout=subprocess.PIPE)
helper.stdout.readline()
while open(f"/proc/{helper.pid}/syscall").read().split()[0] != "202": os.sched_yield()
helper.kill()
helper.wait()
)";

    const support::Outcome outcome =
        run({"gate", "python3", folder.path() + "/parent.py", folder.path() + "/helper.py"});

    EXPECT_EQ(outcome.status, 86);
    EXPECT_THAT(outcome.errors, testing::HasSubstr("SELF-DEADLOCK"));
}

TEST(FalseAlarms, AreNoneOfPoolsThatPythonEnds) {
    const support::TemporaryFolder folder;
    std::ofstream(folder.path() + "/pools.py") << R"(
import concurrent.futures, multiprocessing.pool, queue, threading
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert sum(pool.map(lambda x: x * x, range(50))) == 40425
assert concurrent.futures.ThreadPoolExecutor(4).submit(pow, 2, 5).result() == 32  # ended by the interpreter
with concurrent.futures.ProcessPoolExecutor(2) as pool:
    assert list(pool.map(abs, [-1, -2])) == [1, 2]
with multiprocessing.pool.ThreadPool(4) as pool:
    assert pool.map(abs, [-1, 2]) == [1, 2]
done = threading.Event()
threading.Timer(0.01, done.set).start()
assert done.wait(5)
)";

    const support::Outcome outcome = run({"gate", "python3", folder.path() + "/pools.py"});

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.errors, "");
}

}  // namespace
}  // namespace cli
