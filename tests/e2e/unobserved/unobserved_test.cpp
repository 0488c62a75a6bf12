// SPDX-License-Identifier: Apache-2.0
//
// A process without the library is reported from /proc and the memory of its locks: what each thread
// waits for, who has it, and what is stuck for ever.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

#include "tests/e2e/unobserved/unobserved.h"
#include "tests/support/eventually.h"
#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace {

using report::Json;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using unobserved::dump;
using unobserved::loiter;
using unobserved::thread_named;
using unobserved::Words;

struct Expected {
    std::string state;
    std::string kind = "";    ///< of what it waits for; empty: nothing
    std::string object = "";  ///< its name; empty: it has none
    int owner = 0;            ///< 0: none is known
    bool timed = false;
};

/// By thread name.
const std::map<std::string, Expected> kWaits = {
    {"mutex", {"mutex lock", "mutex", "g_mutex", 1}},
    {"pi mutex", {"mutex lock", "mutex", "g_pi_mutex", 1}},
    {"c11 mutex", {"mutex lock", "mutex", "g_c11_mutex", 1}},
    {"timed mutex", {"mutex lock", "mutex", "g_mutex", 1, true}},
    {"read", {"rwlock read", "rwlock", "g_written", 1}},
    {"write", {"rwlock write", "rwlock", "g_written", 1}},
    {"behind reader", {"rwlock write", "rwlock", "g_read"}},
    {"condition", {"cond wait", "condition", "g_condition"}},
    {"timed cond", {"cond wait", "condition", "g_condition", 0, true}},
    {"retaken", {"mutex lock", "mutex", "g_retaken", 1}},
    {"semaphore", {"semaphore", "semaphore", "g_semaphore"}},
    {"barrier", {"barrier", "barrier", "g_barrier"}},
    {"join", {"join", "thread", "", 2}},
    {"once", {"once", "once", "g_once"}},
    {"called pi", {"mutex lock", "mutex", "g_pi_mutex", 1}},
    {"called robust", {"mutex lock", "mutex", "g_robust_mutex", 1}},
    {"called timed", {"mutex lock", "mutex", "g_mutex", 1, true}},
    {"called sem", {"semaphore", "semaphore", "g_semaphore"}},
    {"called timedsem", {"semaphore", "semaphore", "g_semaphore", 0, true}},
    {"called join", {"join", "thread", "", 3}},
    {"called once", {"once", "once", "g_once"}},
    {"sleep", {"sleep", "", "", 0, true}},
};

void expect_wait(const Json& thread, const Expected& expected) {
    EXPECT_EQ(thread.at("state"), expected.state);
    EXPECT_EQ(thread.at("timed"), expected.timed);
    if (expected.kind.empty()) return;
    const Json& wanted = thread.at("waits_for");
    EXPECT_EQ(wanted.at("kind"), expected.kind);
    EXPECT_EQ(report::text_of(wanted.at("name")), expected.object);
    std::vector<int> owners;
    for (const Json& owner : wanted.at("owners")) owners.push_back(owner.at("thread").get<int>());
    EXPECT_EQ(owners, expected.owner == 0 ? std::vector<int>() : std::vector<int>{expected.owner});
}

void expect_waits(const Json& report, const std::set<std::string>& but = {}) {
    for (const auto& [name, expected] : kWaits) {
        if (but.contains(name)) continue;
        SCOPED_TRACE(name);
        const Json& thread = thread_named(report, name);
        expect_wait(thread, expected);
        EXPECT_EQ(thread.at("stack_incomplete"), false) << report::describe(thread.at("stack"));
        EXPECT_GE(thread.at("age_seconds").get<double>(), 0);
        EXPECT_GE(thread.at("cpu_seconds").get<double>(), 0);
    }
    EXPECT_EQ(thread_named(report, "pipe").at("state"), "io read");
    EXPECT_EQ(thread_named(report, "initializer").at("state"), "io read");
}

class Sitting : public testing::Test {
protected:
    static support::Command command(const Words& arguments) { return {.arguments = arguments}; }
};

TEST_F(Sitting, HasEveryWaitOfLibcNamedWithItsOwner) {
    support::Running target(command({SITTING_IN_WAITS}));
    ASSERT_TRUE(target.await_output("sitting"));
    ASSERT_TRUE(target.await_call(SYS_rt_sigtimedwait));

    const Json seen = dump(target.pid());

    const Json& process = seen.at("process");
    EXPECT_EQ(process.at("observed"), false);
    EXPECT_EQ(process.at("reason"), "dump");
    EXPECT_EQ(process.at("end"), "alive");
    EXPECT_EQ(process.at("pid"), target.pid());
    EXPECT_EQ(process.at("ppid"), getpid());
    EXPECT_EQ(process.at("exe"), SITTING_IN_WAITS);
    EXPECT_EQ(process.at("command"), Json({SITTING_IN_WAITS}));
    EXPECT_EQ(seen.at("counts").at("threads"), 25);
    EXPECT_EQ(report::thread(seen, 1).at("tid"), target.pid());
    EXPECT_EQ(report::thread(seen, 1).at("state"), "signal wait");
    EXPECT_EQ(seen.at("findings"), Json::array());
    expect_waits(seen);
    EXPECT_TRUE(report::starts_at(thread_named(seen, "mutex").at("stack"), report::site_of(SITTING_SOURCE, "mutex")));
}

TEST_F(Sitting, IsNotDisturbed) {
    support::Running target(command({SITTING_IN_WAITS}));
    ASSERT_TRUE(target.await_output("sitting"));

    for (int look = 0; look < 30; ++look) EXPECT_EQ(loiter({"dump", std::to_string(target.pid())}).status, 0);
    target.signal(SIGTERM);

    EXPECT_EQ(target.finish().status, 0);
}

TEST_F(Sitting, IsReachedThroughAnotherThreadWhenMainHasEnded) {
    support::Running target(command({SITTING_IN_WAITS, "leave"}));
    ASSERT_TRUE(target.await_output("sitting"));

    Json seen;
    // It says so a moment before it ends.
    for (int looks = 0; looks < 1000; ++looks) {
        seen = dump(target.pid());
        if (report::thread(seen, 1).at("state") == "exited") break;
    }

    EXPECT_EQ(seen.at("process").at("exe"), SITTING_IN_WAITS);
    EXPECT_EQ(seen.at("process").at("command"), Json::array({SITTING_IN_WAITS, "leave"}));
    expect_waits(seen, {"pi mutex", "called pi", "called robust"});
    EXPECT_EQ(report::thread(seen, 1).at("state"), "exited");
    EXPECT_EQ(report::thread(seen, 1).at("name"), "sitting_in_wait");
    const std::vector<Json> orphans = report::findings(seen, "orphaned-lock");
    EXPECT_EQ(orphans.size(), 4U) << seen.at("findings").dump(1);
    for (const Json& orphan : orphans) {
        EXPECT_EQ(orphan.at("certainty"), "proved");
        EXPECT_THAT(report::threads_of(orphan), Contains(1));
    }
}

TEST_F(Sitting, SaysInTheHeadWhatIsMissing) {
    support::Running target(command({SITTING_IN_WAITS}));
    ASSERT_TRUE(target.await_output("sitting"));

    const support::Outcome told = loiter({"dump", std::to_string(target.pid())});

    EXPECT_EQ(told.status, 0);
    EXPECT_THAT(told.output, HasSubstr("\nnote: not observed, so not known: who created a thread"));
    EXPECT_THAT(told.output, HasSubstr("loiter run"));
}

TEST_F(Sitting, OfAStaticProgramShowsWhatTheKernelTellsAndSaysSo) {
    support::Running target(command({SITTING_STATICALLY}));
    ASSERT_TRUE(target.await_output("sitting"));

    const Json seen = dump(target.pid());

    EXPECT_THAT(seen.at("process").at("notes").dump(), HasSubstr("statically linked: "));
    for (const char* const name : {"mutex", "condition", "semaphore", "join"}) {
        EXPECT_EQ(thread_named(seen, name).at("state"), "futex") << name;
    }
    EXPECT_EQ(thread_named(seen, "pipe").at("state"), "io read");
    EXPECT_EQ(thread_named(seen, "mutex").at("stack").at(0).at("function"), "__lll_lock_wait");
}

TEST(ForkedChild, HasNoOrphanInALockThatItsParentHadTaken) {
    support::Running target({.arguments = {FORKED_LOCKS}});
    ASSERT_TRUE(target.await_output("\n"));
    const pid_t child = std::stoi(target.output().substr(sizeof("sitting")));

    const Json seen = dump(child);

    expect_wait(thread_named(seen, "wants left"), {"mutex lock", "mutex", "g_left", 4});
    const Json& waits = thread_named(seen, "wants forked").at("waits_for");
    EXPECT_EQ(waits.at("name"), "g_forked");
    EXPECT_EQ(waits.at("owners").at(0).at("thread"), nullptr);
    const std::vector<Json> orphans = report::findings(seen, "orphaned-lock");
    ASSERT_EQ(orphans.size(), 1U) << seen.at("findings").dump(1);
    EXPECT_THAT(orphans.front().at("message").get<std::string>(), HasSubstr("g_left"));
    EXPECT_THAT(loiter({"dump", std::to_string(child)}).output,
                HasSubstr("held by a thread that likely took it before"));
}

TEST(ForkedChild, UnderTheLibraryWaitsForALockTakenBeforeTheForkToo) {
    const support::TemporaryFolder folder;
    support::Running target(
        {.arguments = {FORKED_LOCKS},
         .environment = {
             {"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_DIR", folder.path()}, {"LOITER_OPTIONS", "report=none"}}});
    ASSERT_TRUE(target.await_output("\n"));
    const pid_t child = std::stoi(target.output().substr(sizeof("sitting")));

    const Json seen = dump(child);

    EXPECT_EQ(seen.at("process").at("observed"), true);
    EXPECT_EQ(report::thread(seen, 1).at("created_by"), nullptr);
    EXPECT_EQ(thread_named(seen, "wants forked").at("waits_for").at("owners").at(0).at("thread"), nullptr);
    EXPECT_THAT(loiter({"dump", std::to_string(child)}).output,
                HasSubstr("), held by a thread that likely took it before the fork"));
}

/// A gallery program that got stuck.
class Stuck : public testing::TestWithParam<std::string> {
protected:
    std::unique_ptr<support::Running> start(const std::string& name, const std::string& variant) {
        auto target = std::make_unique<support::Running>(
            support::Command{.arguments = {std::string(GALLERY_PROGRAMS) + "/" + name + "_" + GetParam(), variant}});
        EXPECT_TRUE(target->await_output("stuck\n"));
        return target;
    }

    static report::Site site(const std::string& name, const std::string& key) {
        return report::site_of(std::string(GALLERY_SOURCES) + "/" + name + ".cpp", key);
    }
};

INSTANTIATE_TEST_SUITE_P(Builds, Stuck, testing::Values("O0", "O2"),
                         [](const testing::TestParamInfo<std::string>& build) { return build.param; });

TEST_P(Stuck, InADeadlockIsProved) {
    const auto target = start("opposite_lock_order", "leaky");

    Json seen;
    EXPECT_TRUE(support::eventually([&] {  // main says that they are stuck, then joins them
        seen = dump(target->pid());
        return report::thread(seen, 1).at("state") == "join";
    }));

    EXPECT_THAT(report::verdicts(seen), ElementsAre("deadlock proved"));
    const Json finding = report::findings(seen, "deadlock").at(0);
    EXPECT_EQ(report::threads_of(finding), (std::set<int>{2, 3}));
    EXPECT_EQ(report::threads_of(finding, "behind"), std::set<int>{1});
    for (const int id : {2, 3}) {
        const Json& owner = report::thread(seen, id).at("waits_for").at("owners").at(0);
        EXPECT_EQ(owner.at("thread"), 5 - id);
        EXPECT_EQ(owner.at("acquired_at"), Json::array());
    }
}

TEST_P(Stuck, AtALockOfAnExitedThreadIsLikelyForNobodySawItsOwner) {
    const auto target = start("lock_of_exited_thread", "joined");

    const Json seen = dump(target->pid());

    EXPECT_THAT(report::verdicts(seen), ElementsAre("orphaned-lock likely"));
    const int last = static_cast<int>(seen.at("threads").size());
    const Json& dead = report::thread(seen, last);
    EXPECT_EQ(dead.at("state"), "exited");
    EXPECT_EQ(dead.at("holds").at(0).at("name"), site("lock_of_exited_thread", "lock").function);
    EXPECT_TRUE(report::starts_at(report::thread(seen, 2).at("stack"), site("lock_of_exited_thread", "block")));
}

TEST_P(Stuck, AtItsOwnLockIsProved) {
    const auto target = start("locks_twice", "leaky");

    const Json seen = dump(target->pid());

    EXPECT_THAT(report::verdicts(seen), ElementsAre("self-deadlock proved"));
    EXPECT_EQ(report::threads_of(report::findings(seen, "self-deadlock").at(0)), std::set<int>{2});
}

TEST_P(Stuck, BehindAWaitGroupIsShownWithoutAVerdictThatNothingProves) {
    const auto target = start("five_workers", "undone");

    // The main thread says that the others are stuck before it waits itself.
    Json seen = dump(target->pid());
    while (report::thread(seen, 1).at("state") == "running") seen = dump(target->pid());

    for (const std::string& verdict : report::verdicts(seen)) EXPECT_EQ(verdict, "asleep likely");
    EXPECT_EQ(report::thread(seen, 1).at("state"), "cond wait");
    EXPECT_EQ(report::thread(seen, 1).at("stack_incomplete"), false);
}

TEST(DeletedProgram, HasItsNamesFromTheFileThatIsStillOpen) {
    const support::TemporaryFolder folder;
    const std::string program = folder.path() + "/prog";
    std::filesystem::copy_file(SITTING_IN_WAITS, program);
    support::Running target({.arguments = {program}});
    ASSERT_TRUE(target.await_output("sitting"));
    std::filesystem::remove(program);
    const support::TemporaryFolder cache;

    const support::Outcome outcome =
        support::run({.arguments = {LOITER_COMMAND, "dump", "--format", "json", std::to_string(target.pid())},
                      .environment = {{"XDG_CACHE_HOME", cache.path()}}});

    const Json seen = Json::parse(outcome.output);
    EXPECT_TRUE(report::starts_at(thread_named(seen, "mutex").at("stack"), report::site_of(SITTING_SOURCE, "mutex")));
    EXPECT_EQ(thread_named(seen, "mutex").at("waits_for").at("name"), "g_mutex");
}

TEST(NearCycles, AreNoneWithoutTheLibraryEither) {
    support::Running target({.arguments = {NEAR_CYCLES}});
    ASSERT_TRUE(target.await_output("ready"));

    size_t waited = 0;
    for (int look = 0; look < 40; ++look) {
        const Json seen = dump(target.pid());
        EXPECT_EQ(seen.at("findings"), Json::array());
        for (const Json& thread : seen.at("threads")) waited += thread.at("state") == "mutex lock" ? 1 : 0;
    }
    EXPECT_GT(waited, 0U) << "nothing was looked at that could have misled";
}

/// Tids are other ones inside, where locks have their owners' from.
TEST(InAPidNamespaceOfItsOwn, ADeadlockIsProved) {
    const Words apart{"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"};
    Words arguments = apart;
    arguments.push_back("true");
    if (support::run({.arguments = arguments}).status != 0) GTEST_SKIP() << "no right to make a pid namespace";
    arguments = apart;
    arguments.insert(arguments.end(), {std::string(GALLERY_PROGRAMS) + "/opposite_lock_order_O0", "leaky"});
    support::Running target({.arguments = arguments});
    ASSERT_TRUE(target.await_output("stuck\n"));
    std::ifstream children("/proc/" + std::to_string(target.pid()) + "/task/" + std::to_string(target.pid()) +
                           "/children");
    pid_t child = 0;
    ASSERT_TRUE(children >> child);

    const Json seen = dump(child);

    EXPECT_THAT(report::verdicts(seen), ElementsAre("deadlock proved"));
    EXPECT_EQ(report::threads_of(report::findings(seen, "deadlock").at(0)), (std::set<int>{2, 3}));
    EXPECT_EQ(report::thread(seen, 1).at("tid"), child);
    EXPECT_EQ(report::thread(seen, 1).at("waits_for").at("owners").at(0).at("thread"), 2);
}

/// A child that goes on in `run`, without an exec.
class ForkedChild {
public:
    explicit ForkedChild(void (*run)()) : pid_(fork()) {
        if (pid_ != 0) return;
        run();
        _exit(1);
    }
    ~ForkedChild() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    ForkedChild(const ForkedChild&) = delete;
    ForkedChild& operator=(const ForkedChild&) = delete;
    pid_t pid() const { return pid_; }

private:
    pid_t pid_;
};

pthread_mutex_t g_mutex = PTHREAD_MUTEX_INITIALIZER;
sem_t g_room;

/// The lock has the parent's number: that thread has not ended, it never was one of the child.
TEST(AChildOfAForkUnderALock, HasNoOrphan) {
    pthread_mutex_lock(&g_mutex);
    const ForkedChild child([] {
        pthread_t waiter;
        const auto wait = [](void*) -> void* { return reinterpret_cast<void*>(pthread_mutex_lock(&g_mutex)); };
        pthread_create(&waiter, nullptr, wait, nullptr);
        for (;;) pause();
    });
    pthread_mutex_unlock(&g_mutex);

    Json seen;
    EXPECT_TRUE(support::eventually([&] {
        seen = dump(child.pid());
        return seen.at("threads").size() == 2 && report::thread(seen, 2).at("state") == "mutex lock";
    }));

    EXPECT_EQ(seen.at("findings"), Json::array());
}

TEST(ThreadsThatUnlockAndEnd, LeaveNoOrphan) {
    const ForkedChild child([] {
        sem_init(&g_room, 0, 24);
        pthread_attr_t detached;
        pthread_attr_init(&detached);
        pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
        const auto work = [](void*) -> void* {
            pthread_mutex_lock(&g_mutex);
            usleep(300);
            pthread_mutex_unlock(&g_mutex);
            sem_post(&g_room);
            return nullptr;
        };
        for (pthread_t made; sem_wait(&g_room) == 0;) pthread_create(&made, &detached, work, nullptr);
    });

    size_t waited = 0;
    for (int look = 0; look < 40; ++look) {
        const Json seen = dump(child.pid());
        EXPECT_EQ(seen.at("findings"), Json::array());
        for (const Json& thread : seen.at("threads")) waited += thread.at("state") == "mutex lock" ? 1 : 0;
    }
    EXPECT_GT(waited, 0U) << "nothing was looked at that could have misled";
}

TEST(Refused, IsAKernelThreadInOneLine) {
    std::string name;
    std::ifstream("/proc/2/comm") >> name;
    if (name != "kthreadd") GTEST_SKIP() << "no thread of the kernel can be seen here";

    const support::Outcome outcome = loiter({"dump", "2"});

    EXPECT_EQ(outcome.status, 125);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.errors, HasSubstr("kernel"));
    EXPECT_EQ(unobserved::line_count(outcome.errors), 1);
}

TEST(Refused, IsAZombieInOneLine) {
    const pid_t child = fork();
    if (child == 0) _exit(0);
    siginfo_t ended;
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT), 0);

    const support::Outcome outcome = loiter({"dump", std::to_string(child)});
    waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED);

    EXPECT_EQ(outcome.status, 125);
    EXPECT_THAT(outcome.errors, HasSubstr("has ended"));
    EXPECT_EQ(unobserved::line_count(outcome.errors), 1);
}

TEST(Refused, IsAProcessOfAnotherUserInOneLine) {
    if (geteuid() != 0) GTEST_SKIP() << "needs root, to be another user";
    const Words as_nobody{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", LOITER_COMMAND};
    Words arguments = as_nobody;
    arguments.push_back("--version");
    if (support::run({.arguments = arguments}).status != 0)
        GTEST_SKIP() << "the command is out of another user's reach";
    arguments = as_nobody;
    arguments.insert(arguments.end(), {"dump", std::to_string(getpid())});

    const support::Outcome outcome = support::run({.arguments = arguments});

    EXPECT_EQ(outcome.status, 125);
    EXPECT_EQ(outcome.output, "");
    EXPECT_THAT(outcome.errors, HasSubstr("no right to look at process " + std::to_string(getpid())));
    EXPECT_EQ(unobserved::line_count(outcome.errors), 1);
}

}  // namespace
