// SPDX-License-Identifier: Apache-2.0
//
// What a program sees of being run under the command: nothing but three variables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/e2e/cli/cli.h"

namespace cli {
namespace {

using testing::HasSubstr;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

Words lines(const std::string& text) {
    Words result;
    for (size_t start = 0; start < text.size();) {
        const size_t end = std::min(text.find('\n', start), text.size());
        result.push_back(text.substr(start, end - start));
        start = end + 1;
    }
    std::sort(result.begin(), result.end());
    return result;
}

TEST(Transparency, StandardInputAndOutputPassThrough) {
    support::Command command = loiter({"gate", "cat"});
    for (int i = 0; i < 200'000; ++i) command.input.push_back(static_cast<char>(i * 7));

    const support::Outcome outcome = support::run(command);

    EXPECT_EQ(outcome.status, 0);
    EXPECT_EQ(outcome.output, command.input);
    EXPECT_EQ(outcome.errors, "");
}

TEST(Transparency, StandardErrorPassesThrough) {
    EXPECT_EQ(run({"run", "sh", "-c", "echo words >&2"}).errors, "words\n");
}

TEST(Transparency, ArgumentsPassThrough) {
    const support::Outcome outcome = run({"run", "printf", "[%s]", "", "a b", "--all", "--", "-o", "'", "\\n"});
    EXPECT_EQ(outcome.output, "[][a b][--all][--][-o]['][\\n]");
}

TEST(Transparency, TheEnvironmentHasThreeVariablesMore) {
    support::Command bare;
    bare.arguments = {"env"};
    Words expected = lines(support::run(bare).output);
    // The shell that starts neither sets "_" nor anything else: env is executed directly.
    Words seen = lines(run({"run", "env"}).output);
    Words more;
    std::set_difference(seen.begin(), seen.end(), expected.begin(), expected.end(), std::back_inserter(more));

    EXPECT_EQ(seen.size(), expected.size() + 3);
    EXPECT_THAT(more, UnorderedElementsAre(
                          testing::Eq(std::string("LD_PRELOAD=") + std::filesystem::canonical(LOITER_LIBRARY).string()),
                          testing::StartsWith("LOITER_DIR=/"), testing::StartsWith("LOITER_SUPERVISOR=500:")));
}

TEST(Transparency, SignalDispositionsAndMaskAreAsWithout) {
    const Words read_status = {"grep", "-E", "^Sig(Blk|Ign|Cgt)", "/proc/self/status"};
    support::Command bare;
    bare.arguments = read_status;
    Words under = {"run"};
    under.insert(under.end(), read_status.begin(), read_status.end());

    EXPECT_EQ(run(under).output, support::run(bare).output);
}

TEST(Transparency, ABrokenPipeEndsTheProgramAsEver) {
    support::Command bare;
    bare.arguments = {"bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}"};
    EXPECT_EQ(run({"run", "bash", "-c", "yes | head -n 1; echo ${PIPESTATUS[0]}"}).output, support::run(bare).output);
}

TEST(Transparency, ClosedDescriptorsStayClosed) {
    for (const std::string closing : {"0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"}) {
        const support::TemporaryFolder folder;
        const std::string seen = folder.path() + "/seen";
        const std::string list = "for i in 0 1 2; do [ -e /proc/$$/fd/$i ] && echo $i >> " + seen + "; done; true";
        const std::string bare_seen = folder.path() + "/bare";
        const std::string bare_list =
            "for i in 0 1 2; do [ -e /proc/$$/fd/$i ] && echo $i >> " + bare_seen + "; done; true";
        support::Command command;
        command.arguments = {
            "sh", "-c", "\"$0\" run --all sh -c '" + list + "' " + closing + "; sh -c '" + bare_list + "' " + closing,
            LOITER_COMMAND};

        EXPECT_EQ(support::run(command).status, 0);

        EXPECT_EQ(content(seen), content(bare_seen)) << closing;
    }
}

TEST(Transparency, TheLimitOfDescriptorsIsAsWithout) {
    const support::Outcome outcome =
        support::run({.arguments = {"sh", "-c",
                                    "ulimit -Sn 64; exec " LOITER_COMMAND
                                    " run sh -c 'ulimit -Sn; grep \"open files\" /proc/$PPID/limits'"}});

    EXPECT_TRUE(outcome.output.starts_with("64\n")) << outcome.output;
    EXPECT_THAT(outcome.output, testing::Not(testing::ContainsRegex("open files +64 "))) << "of the command itself";
}

TEST(Transparency, AReaderThatGoesAwayIsNoTrouble) {
    support::Command command;
    command.arguments = {"bash", "-c", "\"$0\" run --all \"$1\" exit 3 2> >(exec true); echo $?", LOITER_COMMAND,
                         BLOCKED_WORKER};
    EXPECT_EQ(support::run(command).output, "3\n");
}

TEST(Transparency, CleanProgramsGetNoWords) {
    for (const Words& arguments :
         std::vector<Words>{{"gate", "true"}, {"gate", "ls", "/"}, {"gate", "sh", "-c", "ls / | wc -l"}}) {
        const support::Outcome outcome = run(arguments);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_EQ(outcome.errors, "");
    }
}

TEST(Transparency, NothingStaysBehind) {
    const auto folders = [] {
        Words found;
        for (const char* parent : {"/dev/shm", "/tmp"}) {
            for (const auto& entry : std::filesystem::directory_iterator(parent)) {
                if (entry.path().filename().string().starts_with("loiter-run-")) found.push_back(entry.path().string());
            }
        }
        return found;
    };
    // Other tests run at the same time: only the folder of this very run counts.
    const support::Outcome outcome = run({"run", "sh", "-c", "echo $LOITER_DIR; ls / > /dev/null"});
    const std::string folder = outcome.output.substr(0, outcome.output.find('\n'));

    EXPECT_THAT(folder, HasSubstr("/loiter-run-"));
    EXPECT_THAT(folders(), testing::Not(testing::Contains(folder)));
}

TEST(Transparency, TheFolderOfTheRecordingsIsPrivate) {
    const support::Outcome outcome = run({"run", "sh", "-c", "stat -c %a $LOITER_DIR"});
    EXPECT_EQ(outcome.output, "700\n");
}

TEST(Transparency, WhatWasPreloadedStays) {
    support::Command command = loiter({"run", "sh", "-c", "echo $LD_PRELOAD"});
    // A command built with AddressSanitizer would refuse to start with anything preloaded.
    command.environment = {{"LD_PRELOAD", "libpthread.so.0"}, {"ASAN_OPTIONS", "verify_asan_link_order=0"}};
    EXPECT_THAT(support::run(command).output, testing::EndsWith("libloiter.so:libpthread.so.0\n"));
}

}  // namespace
}  // namespace cli
