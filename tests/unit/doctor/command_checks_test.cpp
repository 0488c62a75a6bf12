// SPDX-License-Identifier: Apache-2.0
#include "doctor/command_checks.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/doctor/shown.h"

namespace doctor {
namespace {

using launch::Obstacle;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kGibibyte = uint64_t{1} << 30;

/// A dynamic program on a machine where all is well.
CommandFacts good() {
    CommandFacts facts;
    facts.command = "server";
    facts.path = "/bin/server";
    facts.is_there = true;
    facts.program.files = {"/bin/server"};
    facts.program.readable = facts.program.elf = true;
    facts.program.word_bits = 64;
    facts.program.machine = EM_X86_64;
    facts.machine.library = "/lib/loiter/libloiter.so";
    facts.machine.library_path_is_plain = true;
    facts.machine.library_file = facts.program;
    facts.machine.folders = {{"/dev/shm", true, kGibibyte}, {"/tmp", true, kGibibyte}};
    facts.machine.has_proc = true;
    return facts;
}

struct CommandCase {
    std::string complaint;
    std::string says;
    std::function<void(CommandFacts&)> spoil;
};

void PrintTo(const CommandCase& spoilt, std::ostream* stream) {
    *stream << spoilt.complaint << ": " << spoilt.says;
}

class CommandCheck : public testing::TestWithParam<CommandCase> {};

TEST_P(CommandCheck, NamesWhatIsAmissAndNothingElse) {
    CommandFacts facts = good();
    GetParam().spoil(facts);

    const std::vector<Check> checks = check_command(facts);

    ASSERT_THAT(complaints(checks), ElementsAre(GetParam().complaint));
    const std::string about = GetParam().complaint.substr(GetParam().complaint.find(' ') + 1);
    EXPECT_THAT(check_about(checks, about).reason, HasSubstr(GetParam().says));
    EXPECT_TRUE(all_complaints_advise(checks));
}

INSTANTIATE_TEST_SUITE_P(
    OfAProgram, CommandCheck,
    testing::Values(CommandCase{"no file", "not found: server",
                                [](CommandFacts& facts) {
                                    facts.path = "";
                                    facts.is_there = false;
                                    facts.program = {};
                                }},
                    CommandCase{"no file", "cannot be executed",
                                [](CommandFacts& facts) {
                                    facts.path = "";
                                    facts.program = {};
                                }},
                    CommandCase{"warn interpreter", "cannot be read",
                                [](CommandFacts& facts) { facts.program.readable = facts.program.elf = false; }},
                    CommandCase{"warn interpreter", "neither an ELF program nor a script",
                                [](CommandFacts& facts) { facts.program.elf = false; }},
                    CommandCase{"no program", "statically linked",
                                [](CommandFacts& facts) { facts.program.obstacle = Obstacle::kStatic; }},
                    CommandCase{"no program", "statically linked, by Go",
                                [](CommandFacts& facts) {
                                    facts.program.obstacle = Obstacle::kStatic;
                                    facts.program.go = true;
                                }},
                    CommandCase{"no program", "32-bit x86;",
                                [](CommandFacts& facts) {
                                    facts.program.obstacle = Obstacle::kOtherMachine;
                                    facts.program.word_bits = 32;
                                    facts.program.machine = EM_386;
                                }},
                    CommandCase{"no program", "64-bit ARM64;",
                                [](CommandFacts& facts) {
                                    facts.program.obstacle = Obstacle::kOtherMachine;
                                    facts.program.machine = EM_AARCH64;
                                }},
                    CommandCase{"no program", "ld-musl",
                                [](CommandFacts& facts) {
                                    facts.program.obstacle = Obstacle::kMusl;
                                    facts.program.loader = "/lib/ld-musl-x86_64.so.1";
                                }},
                    CommandCase{"no program", "LD_PRELOAD",
                                [](CommandFacts& facts) { facts.program.obstacle = Obstacle::kPrivileged; }},
                    CommandCase{"no program", "libtsan",
                                [](CommandFacts& facts) { facts.program.obstacle = Obstacle::kThreadSanitizer; }},
                    CommandCase{"no program", "Valgrind",
                                [](CommandFacts& facts) { facts.program.obstacle = Obstacle::kValgrind; }}));

INSTANTIATE_TEST_SUITE_P(
    OfTheMachine, CommandCheck,
    testing::Values(
        CommandCase{"no library", "missing", [](CommandFacts& facts) { facts.machine.library = ""; }},
        CommandCase{"no library", "blanks", [](CommandFacts& facts) { facts.machine.library_path_is_plain = false; }},
        CommandCase{"no library", "no 64-bit x86 library",
                    [](CommandFacts& facts) { facts.machine.library_file.word_bits = 32; }},
        CommandCase{"no folder", "/dev/shm, /tmp",
                    [](CommandFacts& facts) {
                        for (Folder& folder : facts.machine.folders) folder.usable = false;
                    }},
        CommandCase{"warn folder", "go to /tmp", [](CommandFacts& facts) { facts.machine.folders[0].usable = false; }},
        CommandCase{"no folder", "100 KiB", [](CommandFacts& facts) { facts.machine.folders[0].free_bytes = 102400; }},
        CommandCase{"warn folder", "1 MiB", [](CommandFacts& facts) { facts.machine.folders[0].free_bytes = 1 << 20; }},
        CommandCase{"warn LOITER_DIR", "/nosuch", [](CommandFacts& facts) { facts.machine.chosen_folder = "/nosuch"; }},
        CommandCase{"no limits", "no room", [](CommandFacts& facts) { facts.machine.file_size_limit = 102400; }},
        CommandCase{"no limits", "no room", [](CommandFacts& facts) { facts.machine.address_space_limit = 1 << 20; }},
        CommandCase{"warn limits", "32 threads only",
                    [](CommandFacts& facts) { facts.machine.file_size_limit = 1 << 20; }},
        CommandCase{"warn limits", "2048 threads only",
                    [](CommandFacts& facts) { facts.machine.address_space_limit = 2 * kGibibyte; }},
        CommandCase{"warn /proc", "not mounted", [](CommandFacts& facts) { facts.machine.has_proc = false; }},
        CommandCase{"warn ptrace", "is 1", [](CommandFacts& facts) { facts.machine.ptrace_scope = 1; }},
        CommandCase{"warn ptrace", "is 2", [](CommandFacts& facts) { facts.machine.ptrace_scope = 2; }},
        CommandCase{"warn ptrace", "is 3", [](CommandFacts& facts) {
                        facts.machine.ptrace_scope = 3;
                        facts.machine.may_trace = true;
                    }}));

TEST(CommandChecks, FindNothingAmissWithAGoodProgram) {
    EXPECT_THAT(complaints(check_command(good())), IsEmpty());
}

TEST(CommandChecks, NameTheInterpreterOfAScript) {
    CommandFacts facts = good();
    facts.program.files = {"/bin/server", "/bin/sh"};

    const std::vector<Check> checks = check_command(facts);

    EXPECT_THAT(complaints(checks), IsEmpty());
    EXPECT_THAT(check_about(checks, "interpreter").reason, HasSubstr("is /bin/sh"));
}

TEST(CommandChecks, AcceptWhatTheUserHasSeenTo) {
    CommandFacts facts = good();
    facts.program.asan = true;
    facts.machine.ptrace_scope = 1;
    facts.machine.may_trace = true;
    facts.machine.address_space_limit = 100 * kGibibyte;
    facts.machine.chosen_folder = "/var/loiter";
    facts.machine.chosen_is_usable = true;
    facts.machine.seccomp = 2;

    EXPECT_THAT(complaints(check_command(facts)), IsEmpty());
    EXPECT_THAT(check_about(check_command(facts), "seccomp").reason, HasSubstr("filter"));
}

}  // namespace
}  // namespace doctor
