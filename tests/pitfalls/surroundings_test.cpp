// SPDX-License-Identifier: Apache-2.0
//
// A program of threads at work where something that the library might count on is missing, full or limited,
// or where another library is in its place.
#include <filesystem>

#include "tests/pitfalls/unharmed.h"
#include "tests/support/report.h"

namespace pitfalls {
namespace {

struct Surroundings {
    const char* name;
    Words command;  ///< the program's own words come behind

    friend std::ostream& operator<<(std::ostream& out, const Surroundings& one) { return out << one.name; }
};

class Limit : public testing::TestWithParam<Surroundings> {};

Words sh(const std::string& script) {
    return {"/bin/sh", "-c", script + "; exec \"$0\" \"$@\""};
}

/// In a mount namespace of its own.
Words mounted(const std::string& script) {
    Words words{"unshare", "--mount", "--propagation", "private"};
    for (const std::string& word : sh("set -e; " + script)) words.push_back(word);
    return words;
}

TEST_P(Limit, HarmsNoProgram) {
    Words nothing = GetParam().command;
    nothing.emplace_back("true");
    if (support::run({nothing}).status != 0) GTEST_SKIP() << "it cannot be made so here";
    for (const Words& rest : {Words{WORK}, Words{WORK, "leave"}}) {
        Words command = GetParam().command;
        command.insert(command.end(), rest.begin(), rest.end());
        expect_unharmed(command, rest.size() == 1 ? 0 : kLeft);
    }
}

INSTANTIATE_TEST_SUITE_P(
    Of, Limit,
    testing::Values(
        Surroundings{"none", sh("true")}, Surroundings{"descriptors", sh("ulimit -S -n 8")},
        Surroundings{"file_size", sh("ulimit -S -f 0")}, Surroundings{"address_space", sh("ulimit -v 200000")},
        Surroundings{"locked_memory", sh("ulimit -l 0")}, Surroundings{"stacks", sh("ulimit -S -s 64")},
        Surroundings{"no_stack_limit", sh("ulimit -s unlimited")}, Surroundings{"core_files", sh("ulimit -c 0")},
        Surroundings{"no_shared_memory", mounted("mount -t tmpfs -o ro none /dev/shm")},
        Surroundings{"full_shared_memory", mounted("mount -t tmpfs -o size=64k none /dev/shm; "
                                                   "head -c 64k /dev/zero > /dev/shm/full 2> /dev/null || true")},
        Surroundings{"little_shared_memory", mounted("mount -t tmpfs -o size=256k none /dev/shm")},
        Surroundings{"no_proc", mounted("mount -t tmpfs -o ro none /proc")},
        Surroundings{"nothing_writable", mounted("mount -t tmpfs -o ro none /dev/shm; "
                                                 "mount -t tmpfs -o ro none /proc")},
        Surroundings{"pid_namespace", {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"}},
        Surroundings{"user_namespace", {"unshare", "--user", "--map-root-user"}},
        Surroundings{"no_new_privileges", {"setpriv", "--no-new-privs"}},
        Surroundings{"no_capabilities", {"setpriv", "--bounding-set=-all", "--inh-caps=-all"}}),
    [](const auto& which) { return std::string(which.param.name); });

/// Reports come from a recording: there was room for one elsewhere.
TEST(RoomForARecording, IsLookedForWhereverThereIsSome) {
    for (const char* const size : {"64k", "256k"}) {
        const Words full = mounted(std::string("mount -t tmpfs -o size=") + size +
                                   " none /dev/shm; head -c 64k /dev/zero > /dev/shm/full 2> /dev/null || true");
        Words nothing = full;
        nothing.emplace_back("true");
        if (support::run({nothing}).status != 0) GTEST_SKIP() << "it cannot be made so here";
        const support::TemporaryFolder plain;
        const support::TemporaryFolder under;
        Words command = full;
        command.insert(command.end(), {WORK, "leave"});
        EXPECT_EQ(support::run(preloaded(command, plain.path())).status, kLeft);
        EXPECT_FALSE(std::filesystem::is_empty(plain.path())) << "no report with " << size;

        // The command looks for a folder, too: it is inside.
        Words observed = full;
        for (const std::string& word : under_run({WORK, "leave"}, under.path()).arguments) observed.push_back(word);
        const support::Outcome run = support::run({observed});
        EXPECT_EQ(run.status, kLeft);
        EXPECT_EQ(run.errors, "");
        const std::string report = report::read_text(under.path() + "/report");
        EXPECT_NE(report.find("FOUND: 1 blocked thread"), std::string::npos) << report;
        EXPECT_EQ(report.find("recording stopped early"), std::string::npos) << report;
    }
}

/// An allocator's own locks come through the wrappers, from inside of malloc and before any constructor.
class Allocator : public testing::TestWithParam<const char*> {};

TEST_P(Allocator, MayBePreloadedInEitherOrder) {
    const support::TemporaryFolder folder;
    const std::string allocator = GetParam();
    support::Command alone{{WORK, "leave"}};
    alone.environment = {{"LD_PRELOAD", allocator}};
    const support::Outcome bare = support::run(alone);
    if (bare.errors.find("cannot be preloaded") != std::string::npos) GTEST_SKIP() << allocator << " is not installed";
    ASSERT_EQ(bare.status, kLeft) << bare.errors;
    for (const std::string& libraries : {LOITER_LIBRARY + (" " + allocator), allocator + " " + LOITER_LIBRARY}) {
        expect_same(support::run(preloaded({WORK, "leave"}, folder.path(), libraries)), bare, libraries.c_str());
    }
}

INSTANTIATE_TEST_SUITE_P(Of, Allocator, testing::Values("libjemalloc.so.2", "libtcmalloc_minimal.so.4"),
                         [](const auto& which) {
                             return std::string(which.param).substr(3, std::string(which.param).find('.') - 3);
                         });

TEST(AnotherInterposer, BehindTheLibraryGetsTheCalls) {
    const support::TemporaryFolder folder;
    support::Command alone{{WORK}};
    alone.environment = {{"LD_PRELOAD", BEHIND}};
    const support::Outcome bare = support::run(alone);
    ASSERT_NE(bare.output.find("came here"), std::string::npos) << bare.errors;
    expect_same(support::run(preloaded({WORK}, folder.path(), LOITER_LIBRARY " " BEHIND)), bare, "preloaded");
}

/// As where the library is preloaded for all programs, and the command of another installation starts one.
TEST(AnotherInterposer, ThatIsACopyOfTheLibraryStaysOut) {
    const support::TemporaryFolder folder;
    const support::TemporaryFolder reports;
    const std::string copy = folder.path() + "/libloiter.so";
    std::filesystem::copy(LOITER_LIBRARY, copy);
    const support::Outcome bare = support::run({{WORK, "leave"}});
    for (const std::string& libraries : {LOITER_LIBRARY " " + copy, copy + " " LOITER_LIBRARY}) {
        support::Command command = preloaded({WORK, "leave"}, reports.path(), libraries, ":format=json:report=none");
        command.environment.emplace_back("LOITER_DIR", reports.path());
        expect_same(support::run(command), bare, libraries.c_str());
    }
    const auto recordings = std::distance(std::filesystem::directory_iterator(reports.path()), {});
    EXPECT_EQ(recordings, 2) << "one of each run";
}

/// It would end the program for a library that comes before its own.
TEST(AddressSanitizer, LetsTheLibraryComeFirst) {
    expect_unharmed({WORK_WITH_ADDRESS_SANITIZER}, 0);
    const support::TemporaryFolder folder;
    const support::Outcome outcome = support::run(preloaded({WORK_WITH_ADDRESS_SANITIZER, "leave"}, folder.path()));
    EXPECT_EQ(outcome.status, kLeft) << outcome.errors;
    EXPECT_FALSE(std::filesystem::is_empty(folder.path())) << "no report";
}

/// The library stays out of such a program, and the command says so in a line.
void expect_left_alone(const Words& program, const std::string& because) {
    const support::TemporaryFolder folder;
    for (const Words& rest : {Words{}, Words{"leave"}}) {
        Words command = program;
        command.insert(command.end(), rest.begin(), rest.end());
        const support::Outcome bare = support::run({command});
        ASSERT_EQ(bare.status, rest.empty() ? 0 : kLeft) << bare.errors;
        expect_same(support::run(preloaded(command, folder.path())), bare, "preloaded");
        const support::Outcome run = support::run(under_run(command, folder.path()));
        EXPECT_NE(run.errors.find(because), std::string::npos) << run.errors;
        expect_same(without_our_line(run), bare, "under the command");
    }
}

/// It would take what the library does for what the program does. Its memory fits where addresses are not random.
TEST(ThreadSanitizer, IsLeftAlone) {
    expect_left_alone({"setarch", "--addr-no-randomize", WORK_WITH_THREAD_SANITIZER}, "left no recording");
}

/// The same of its tools, which end a program at a system call that they do not know.
class Valgrind : public testing::TestWithParam<const char*> {};

TEST_P(Valgrind, IsLeftAlone) {
    const Words tool{"valgrind", "-q", std::string("--tool=") + GetParam(), "--error-exitcode=9"};
    Words nothing = tool;
    nothing.emplace_back("true");
    if (support::run({nothing}).status != 0) GTEST_SKIP() << "there is no valgrind here";
    Words command = tool;
    command.emplace_back(WORK);
    expect_left_alone(command, "Valgrind");
}

INSTANTIATE_TEST_SUITE_P(Of, Valgrind, testing::Values("memcheck", "helgrind", "drd"),
                         [](const auto& which) { return std::string(which.param); });

#ifdef WORK_WITH_MUSL
/// What only glibc has is a weak reference: any other would keep the program from starting.
TEST(Musl, IsLeftAlone) {
    expect_left_alone({WORK_WITH_MUSL}, "musl");
}
#endif

}  // namespace
}  // namespace pitfalls
