// SPDX-License-Identifier: Apache-2.0
//
// The line that a terminal shows of a report that takes long.
#include "progress.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <string>

namespace {

/// This test's standard error is a terminal, or a pipe, as long as this lives.
class StandardError {
public:
    explicit StandardError(bool is_terminal) : saved_(dup(STDERR_FILENO)) {
        int ends[2];
        const int made = is_terminal ? openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) : pipe(ends);
        EXPECT_EQ(made, 0);
        dup2(ends[1], STDERR_FILENO);
        close(ends[1]);
        reader_ = ends[0];
    }
    ~StandardError() {
        restore();
        close(reader_);
    }
    StandardError(const StandardError&) = delete;
    StandardError& operator=(const StandardError&) = delete;

    /// What is read until `text` ends it.
    std::string until(const std::string& text) {
        std::string seen;
        char byte = 0;
        while (!seen.ends_with(text) && read(reader_, &byte, 1) == 1) seen += byte;
        return seen;
    }
    /// What is there, after nobody can write any more.
    std::string rest() {
        restore();
        std::string seen;
        char byte = 0;
        while (read(reader_, &byte, 1) == 1) seen += byte;
        return seen;
    }

private:
    void restore() {
        if (saved_ < 0) return;
        dup2(saved_, STDERR_FILENO);
        close(saved_);
        saved_ = -1;
    }
    int saved_;
    int reader_ = -1;
};

TEST(Progress, IsShownOnATerminalAndGoneAtTheEnd) {
    StandardError terminal(true);
    command::Progress progress(true);

    const std::string first = terminal.until("looking at threads");
    progress.name(7, 900);
    terminal.until("naming stacks, 7 of 900");
    progress.end();
    const std::string last = terminal.rest();

    EXPECT_EQ(first, "\r\033[Kloiter: looking at threads");
    EXPECT_TRUE(last.ends_with("\r\033[K")) << last;
}

TEST(Progress, IsSilentWhereNobodyLooks) {
    StandardError pipe(false);
    command::Progress progress(true);

    progress.name(7, 900);
    progress.end();

    EXPECT_EQ(pipe.rest(), "");
}

}  // namespace
