// SPDX-License-Identifier: Apache-2.0
//
// A thread that sits on a descriptor is reported with what the descriptor is.
#include <unistd.h>

#include "tests/e2e/calls/sitting.h"

namespace sitting {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

struct Row {
    std::string name;
    std::string state;
    std::string detail;  ///< regular expression of POSIX
};

/// A literal in one.
std::string quoted(const std::string& text) {
    std::string quoted;
    for (const char c : text) {
        if (std::ispunct(static_cast<unsigned char>(c)) != 0) quoted += '\\';
        quoted += c;
    }
    return quoted;
}

std::vector<Row> rows_of(const Program& program) {
    const auto fd = [&](const std::string& row) { return "fd " + program.fact(row) + " "; };
    const auto own_end = [&](const std::string& row) { return "this process \\(fd " + program.fact(row) + "\\)"; };
    const std::string child = "process " + quoted(program.child_words("child"));
    const std::string folder = quoted(program.folder());
    const std::string timer = "timerfd, expires in 86[0-9]{3}\\.[0-9]s";
    const std::string set = fd("set event") + "eventfd, count 0; " + fd("set timer") + timer;
    const std::string port = "[0-9]+";
    // That no process has something can only be said where all can be seen: not from a container.
    const bool sees_all = std::filesystem::read_symlink("/proc/self/ns/pid") == "pid:[4026531836]" && geteuid() == 0;
    const std::string nobody = sees_all ? "no process holds the other end" : "other end not found \\(.*\\)";
    return {
        {"pipe", "io read",
         fd("pipe") + "pipe:\\[[0-9]+\\], other end held by " + own_end("pipe write end") + " and " + child},
        {"full pipe", "io write", fd("full pipe") + "pipe:\\[[0-9]+\\], other end held by " + child},
        {"sent pipe", "io read",
         fd("sent pipe") + "pipe:\\[[0-9]+\\], " + nobody +
             (sees_all ? ": it is on its way to one, or the call began on another file" : "")},
        {"fifo", "io read", fd("fifo") + "fifo " + folder + "/fifo, other end held by " + own_end("fifo") + " alone"},
        {"open fifo", "io open", folder + "/lonely"},
        {"tcp recv", "io read",
         fd("tcp recv") + "tcp 127\\.0\\.0\\.1:" + program.fact("tcp peer port") +
             ", established, local 127\\.0\\.0\\.1:" + port},
        {"tcp connect", "io connect",
         "fd [0-9]+ tcp 127\\.0\\.0\\.1:" + program.fact("tcp peer port") +
             ", connecting, local 127\\.0\\.0\\.1:" + port},
        {"tcp accept", "io accept",
         fd("tcp accept") + "tcp 127\\.0\\.0\\.1:" + program.fact("tcp port") + ", listening"},
        {"udp", "io read", fd("udp") + "udp 127\\.0\\.0\\.1:" + program.fact("udp port")},
        {"unix accept", "io accept", fd("unix accept") + "unix stream " + folder + "/socket, listening"},
        {"unix client", "io read",
         fd("unix client") + "unix stream " + folder + "/socket, connected, other end held by " +
             own_end("unix server") + " alone"},
        {"unaccepted", "io read", fd("unaccepted") + "unix stream, connected, not accepted yet"},
        {"unix connect", "io connect", fd("unix connect") + "unix stream, not connected, to " + folder + "/full"},
        {"seqpacket", "io read",
         fd("seqpacket") + "unix seqpacket, connected, other end held by " + own_end("seqpacket peer") + " alone"},
        {"orphan", "io read", fd("orphan") + "unix dgram, connected, no process holds the other end"},
        {"netlink", "io read", fd("netlink") + "netlink route"},
        {"eventfd", "io read", fd("eventfd") + "eventfd, count 0"},
        {"timerfd", "io read", fd("timerfd") + timer},
        {"idle timer", "io read", fd("idle timer") + "timerfd, not armed"},
        {"signalfd", "io read", fd("signalfd") + "signalfd of SIGWINCH"},
        {"inotify", "io read", fd("inotify") + "inotify, 1 watch"},
        {"terminal", "io read", fd("terminal") + "terminal " + program.fact("pty name")},
        {"pty", "io read", fd("pty") + "pty /dev/(pts/)?ptmx, master of " + program.fact("pty name")},
        {"poll", "io poll", set},
        {"poll nothing", "io poll", "no descriptor"},
        {"ppoll one", "io ppoll", fd("set event") + "eventfd, count 0"},
        {"select", "io select", set},
        {"epoll", "io epoll_wait", fd("epoll") + "epoll of " + set},
        {"msgrcv", "io msgrcv", "message queue " + program.fact("msgrcv") + " \\(private\\)"},
        {"semop", "io semop", "semaphore set " + program.fact("semop") + " \\(private\\): semaphore 1 by -1"},
        {"fgets", "io fgets",
         fd("fgets") + "unix stream, connected, other end held by this process \\(fd [0-9]+\\) alone"},
        {"getaddrinfo", "io getaddrinfo",
         "fd [0-9]+ udp 127\\.0\\.0\\.1:" + program.fact("getaddrinfo") + ", local 127\\.0\\.0\\.1:" + port},
    };
}

class SittingOnDescriptors : public testing::Test {
protected:
    static void SetUpTestSuite() {
        program_ = new Program(SITTING_ON_DESCRIPTORS);
        if (program_->is_up()) report_ = program_->report();
    }
    static void TearDownTestSuite() {
        delete program_;
        program_ = nullptr;
    }
    void SetUp() override { ASSERT_TRUE(program_->is_up()); }

    static Program* program_;
    static Json report_;
};

Program* SittingOnDescriptors::program_ = nullptr;
Json SittingOnDescriptors::report_;

TEST_F(SittingOnDescriptors, EachThreadIsReportedWithWhatItSitsOn) {
    for (const Row& row : rows_of(*program_)) {
        SCOPED_TRACE(row.name);
        const Json& thread = thread_of(report_, row.name);
        EXPECT_THAT(report::text_of(thread.at("state")), MatchesRegex(row.state));
        EXPECT_THAT(detail_of(thread), MatchesRegex(row.detail));
        EXPECT_EQ(thread.at("waits_for").at("kind"), row.name == "msgrcv"      ? "message queue"
                                                     : row.name == "semop"     ? "semaphore set"
                                                     : row.name == "open fifo" ? "file"
                                                                               : "descriptor");
    }
}

TEST_F(SittingOnDescriptors, WhatAMachineMayLackIsReportedWhereItIs) {
    if (program_->fact("tcp6").find('(') == std::string::npos) {
        EXPECT_EQ(detail_of(thread_of(report_, "tcp6")),
                  "fd " + program_->fact("tcp6") + " tcp6 [::1]:" + program_->fact("tcp6 port") + ", listening");
    }
    if (program_->fact("mq_receive").find('(') == std::string::npos) {
        EXPECT_THAT(detail_of(thread_of(report_, "mq_receive")),
                    HasSubstr("fd " + program_->fact("mq_receive") + " message queue /loiter-"));
    }
}

TEST_F(SittingOnDescriptors, ABoundedCallHasItsBound) {
    for (const char* const row : {"poll", "select"}) {
        const Json& thread = thread_of(report_, row);
        EXPECT_EQ(thread.at("timed"), true) << row;
        EXPECT_NEAR(thread.at("timeout_seconds").get<double>(), 86'400, 1) << row;
    }
    for (const char* const row : {"poll nothing", "ppoll one", "epoll", "pipe"}) {
        const Json& thread = thread_of(report_, row);
        EXPECT_EQ(thread.at("timed"), false) << row;
        EXPECT_TRUE(thread.at("left_seconds").is_null()) << row;
    }
}

constexpr const char* kLimited[] = {"limited recv", "limited read", "limited write", "limited accept", "accepted"};
constexpr const char* kUnlimited[] = {"limited send", "renumbered", "unlimited"};

TEST_F(SittingOnDescriptors, ACallOnASocketHasTheBoundOfTheSocket) {
    for (const char* const row : kLimited) {
        SCOPED_TRACE(row);
        const Json& thread = thread_of(report_, row);
        EXPECT_EQ(thread.at("timed"), true);
        EXPECT_NEAR(thread.at("timeout_seconds").get<double>(), 86'400, 1);
        EXPECT_NEAR(thread.at("left_seconds").get<double>(), 86'400, 600);
    }
    for (const char* const row : kUnlimited) {
        SCOPED_TRACE(row);
        const Json& thread = thread_of(report_, row);
        EXPECT_EQ(thread.at("state"), "io recv");
        EXPECT_EQ(thread.at("timed"), false);
        EXPECT_TRUE(thread.at("left_seconds").is_null());
    }
}

TEST_F(SittingOnDescriptors, TheTextSaysItToo) {
    const std::string text = program_->dump("text");

    EXPECT_THAT(text, HasSubstr("  on fd " + program_->fact("tcp accept") +
                                " tcp 127.0.0.1:" + program_->fact("tcp port") + ", listening\n"));
    EXPECT_THAT(text, HasSubstr(" alone\n"));
}

TEST(SittingOnDescriptorsUnobserved, FunctionsOfLibcHaveNoBoundOfItsOwn) {
    Program program(SITTING_ON_DESCRIPTORS, {}, Observed::kNo);
    ASSERT_TRUE(program.is_up());

    const Json report = program.report();

    EXPECT_EQ(report.at("process").at("observed"), false);
    for (const char* const row : {"getaddrinfo", "semop", "fgets"}) {
        SCOPED_TRACE(row);
        const Json& thread = thread_of(report, row);
        EXPECT_EQ(thread.at("state"), std::string("io ") + row);
        EXPECT_EQ(thread.at("timed"), false);
        EXPECT_TRUE(thread.at("left_seconds").is_null());
        EXPECT_TRUE(thread.at("timeout_seconds").is_null());
    }
    for (const char* const row : {"poll", "select"}) EXPECT_EQ(thread_of(report, row).at("timed"), true) << row;
}

TEST(SittingOnDescriptorsToDeath, LeavesWhatWasNotedOnly) {
    Program program(SITTING_ON_DESCRIPTORS);
    ASSERT_TRUE(program.is_up());

    const Json report = program.report_after_death();

    EXPECT_EQ(detail_of(thread_of(report, "epoll")), "fd " + program.fact("epoll"));
    EXPECT_EQ(detail_of(thread_of(report, "poll")), "");
    EXPECT_EQ(thread_of(report, "epoll").at("state"), "io epoll_wait");
    EXPECT_EQ(report.at("process").at("uptime_is_lower_bound"), true) << "nobody saw its end";
    EXPECT_EQ(thread_of(report, "epoll").at("age_is_lower_bound"), true);
    for (const char* const row : kLimited) EXPECT_EQ(thread_of(report, row).at("timed"), true) << row;
    for (const char* const row : kUnlimited) EXPECT_EQ(thread_of(report, row).at("timed"), false) << row;
}

}  // namespace
}  // namespace sitting
