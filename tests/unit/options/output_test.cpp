// SPDX-License-Identifier: Apache-2.0
#include "output.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace command {
namespace {

class OutputTest : public testing::Test {
protected:
    OutputTest() {
        std::string name = testing::TempDir() + "loiter-output-XXXXXX";
        folder_ = mkdtemp(name.data());
    }
    ~OutputTest() override { std::filesystem::remove_all(folder_); }

    Destination to(const std::string& name, Format format = Format::kText) const {
        return {format, folder_ + "/" + name};
    }
    std::string content(const std::string& name) const {
        std::ifstream file(folder_ + "/" + name);
        if (!file) return "(no such file)";
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::string folder_;
};

TEST_F(OutputTest, EmptiesTheFileWhenItBegins) {
    std::ofstream(folder_ + "/report") << "old";

    Output output(to("report"), Options(), STDERR_FILENO);

    EXPECT_EQ(content("report"), "old");
    output.begin();
    EXPECT_EQ(content("report"), "");
}

TEST_F(OutputTest, MakesTheFileAtOnceAndTakesItBackWhereItNeverBegins) {
    {
        const Output output(to("report"), Options(), STDERR_FILENO);
        EXPECT_EQ(content("report"), "");
    }
    EXPECT_EQ(content("report"), "(no such file)");
}

TEST_F(OutputTest, CollectsEveryProcessInOneFile) {
    Output output(to("report"), Options(), STDERR_FILENO);

    EXPECT_TRUE(output.write(1, "one\n"));
    EXPECT_TRUE(output.write(2, "two\n"));

    EXPECT_EQ(content("report"), "one\ntwo\n");
}

TEST_F(OutputTest, MakesOneFileAProcessWhereThePidIsInItsName) {
    std::ofstream(folder_ + "/report.12.12") << "old";
    Output output(to("report.%p.%p"), Options(), STDERR_FILENO);

    EXPECT_TRUE(output.write(12, "one\n"));
    EXPECT_TRUE(output.write(13, ""));
    EXPECT_TRUE(output.write(12, "two\n"));

    EXPECT_EQ(content("report.12.12"), "one\ntwo\n");
    EXPECT_EQ(content("report.13.13"), "");
    EXPECT_EQ(content("report.%p.%p"), "(no such file)");
}

TEST_F(OutputTest, RefusesBeforehandWhatCannotBeWritten) {
    EXPECT_THROW(Output(to("nosuch/report"), Options(), STDERR_FILENO), UsageError);
    EXPECT_THROW(Output(to("nosuch/report.%p"), Options(), STDERR_FILENO), UsageError);
    EXPECT_THROW(Output(to("."), Options(), STDERR_FILENO), UsageError);
}

TEST_F(OutputTest, AReaderThatWentAwayIsNoFailure) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);

    Output output(Destination(), Options(), ends[1]);

    EXPECT_TRUE(output.write(1, "nobody reads this"));
    close(ends[1]);
    struct sigaction now = {};
    sigaction(SIGPIPE, nullptr, &now);
    EXPECT_EQ(now.sa_handler, SIG_DFL);
}

TEST_F(OutputTest, AFullDeviceIsAFailureToldOnce) {
    Output output({Format::kText, "/dev/full"}, Options(), STDERR_FILENO);

    testing::internal::CaptureStderr();
    EXPECT_FALSE(output.write(1, "words"));
    EXPECT_FALSE(output.write(2, "words"));

    EXPECT_EQ(testing::internal::GetCapturedStderr(), "loiter: cannot write /dev/full: No space left on device\n");
}

TEST_F(OutputTest, IsColoredOnlyWhereATerminalReadsOrTheUserInsists) {
    EXPECT_FALSE(Output(to("report"), Options(), STDERR_FILENO).colored());
    Options always;
    always.color = Color::kAlways;
    EXPECT_TRUE(Output(to("report"), always, STDERR_FILENO).colored());

    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);
    Options options;
    unsetenv("NO_COLOR");
    EXPECT_TRUE(Output(Destination(), options, terminal).colored());
    setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(Output(Destination(), options, terminal).colored());
    unsetenv("NO_COLOR");
    options.color = Color::kNever;
    EXPECT_FALSE(Output(Destination(), options, terminal).colored());
    close(terminal);
}

TEST_F(OutputTest, ADocumentIsReplacedByItsNextState) {
    Output output(to("report", Format::kJunit), Options(), STDERR_FILENO);

    EXPECT_TRUE(output.rewrite(0, "the first, which is longer"));
    EXPECT_TRUE(output.rewrite(0, "the second"));

    EXPECT_EQ(content("report"), "the second");
}

TEST_F(OutputTest, ADocumentOfAProcessIsReplacedInItsOwnFile) {
    Output output(to("report.%p", Format::kJunit), Options(), STDERR_FILENO);

    EXPECT_TRUE(output.rewrite(12, "the first, which is longer"));
    EXPECT_TRUE(output.rewrite(13, "another"));
    EXPECT_TRUE(output.rewrite(12, "the second"));

    EXPECT_EQ(content("report.12"), "the second");
    EXPECT_EQ(content("report.13"), "another");
}

TEST_F(OutputTest, AStreamHasTheFirstStateOfADocument) {
    int ends[2];
    ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
    Output output({Format::kJunit, ""}, Options(), ends[1]);

    EXPECT_TRUE(output.rewrite(0, "the first"));
    EXPECT_TRUE(output.rewrite(0, "the second"));

    close(ends[1]);
    std::string read_back(64, '\0');
    read_back.resize(static_cast<size_t>(read(ends[0], read_back.data(), read_back.size())));
    close(ends[0]);
    EXPECT_EQ(read_back, "the first");
}

TEST_F(OutputTest, AProfileIsNothingForATerminal) {
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);

    EXPECT_THROW(Output({Format::kPprof, ""}, Options(), terminal), UsageError);

    close(terminal);
}

TEST_F(OutputTest, RemarksAreOneHarmlessLine) {
    testing::internal::CaptureStderr();
    remark("odd \x1b[31m name\nsecond");
    const std::string line = testing::internal::GetCapturedStderr();

    EXPECT_THAT(line, testing::StartsWith("loiter: odd "));
    EXPECT_THAT(line, testing::Not(testing::HasSubstr("\x1b")));
    EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

}  // namespace
}  // namespace command
