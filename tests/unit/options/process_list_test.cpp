// SPDX-License-Identifier: Apache-2.0
#include "process_list.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace command {
namespace {

reader::Found server() {
    reader::Found found;
    found.path = "/dev/shm/loiter-4242-1-0000000000000001";
    found.pid = 4242;
    found.live = true;
    found.bytes = 300 * 1024;
    found.age_seconds = 12.4;
    found.threads = 6;
    found.blocked = 3;
    found.unjoined = 1;
    found.exe = "/usr/bin/server";
    found.command = {"server", "-p", "80"};
    return found;
}

reader::Found damaged() {
    reader::Found found;
    found.path = "/tmp/loiter-7-1-0000000000000002";
    found.pid = 7;
    found.age_seconds = 90;
    found.readable = false;
    found.bytes = 3 * 1024 * 1024;
    return found;
}

TEST(ProcessTable, HasALineForEachRecording) {
    const std::string table = process_table({server(), damaged()});

    EXPECT_EQ(table,
              "       PID  STATE        AGE  THREADS  BLOCKED    ALIVE  UNJOINED     SIZE  COMMAND\n"
              "      4242  running    12.4s        6        3        2         1     300K  server -p 80\n"
              "         7  dead       1m30s        0        0        0         0     3.0M  "
              "/tmp/loiter-7-1-0000000000000002 (not readable)\n");
}

TEST(ProcessObjects, AreOneALine) {
    const std::string lines = process_objects({server(), damaged()});

    const auto first = nlohmann::json::parse(lines.substr(0, lines.find('\n')));
    EXPECT_EQ(first["pid"], 4242);
    EXPECT_EQ(first["state"], "running");
    EXPECT_EQ(first["threads"], 6);
    EXPECT_EQ(first["blocked"], 3);
    EXPECT_EQ(first["alive"], 2);
    EXPECT_EQ(first["unjoined"], 1);
    EXPECT_EQ(first["command"], nlohmann::json({"server", "-p", "80"}));
    EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 2);
}

}  // namespace
}  // namespace command
