// SPDX-License-Identifier: Apache-2.0
//
// Runs programs for tests: with its own environment, in a process group of its own, its output
// captured, and never longer than a hard limit: then the whole group is killed.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace support {

struct Command {
    std::vector<std::string> arguments;                                 ///< the program first; found through PATH
    std::vector<std::pair<std::string, std::string>> environment = {};  ///< on top of the test's own
    std::string input = {};                                             ///< what standard input gives; then end of file
    std::string directory = {};                                         ///< to start in; empty: the test's own
    std::chrono::seconds hard_limit{60};
};

struct Outcome {
    int status = -1;           ///< 0-255, 128 + signal when killed by one, 127 when it could not start
    bool out_of_time = false;  ///< killed at the hard limit
    std::string output;        ///< standard output
    std::string errors;        ///< standard error
};

/// A started program. Killed with its group, and reaped, when this goes out of scope.
class Running {
public:
    explicit Running(const Command& command);
    ~Running();
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    /// Standard output so far.
    const std::string& output() const { return outcome_.output; }
    /// Until standard output contains `text`: true; false when it ended or ran out of time first.
    bool await_output(const std::string& text);
    /// Until its main thread is in the system call with this number, which no output can tell; false when it
    /// ended or ran out of time first.
    bool await_call(long number) const;
    /// Until it has ended or is killed at the hard limit. What its children write later is not read.
    Outcome finish();

private:
    bool pump();
    void read_available();
    void kill_group() const;

    pid_t pid_ = -1;
    int pidfd_ = -1;
    int output_fd_ = -1;
    int errors_fd_ = -1;
    bool ended_ = false;
    std::chrono::steady_clock::time_point deadline_;
    Outcome outcome_;
};

Outcome run(const Command& command);

/// One run under `loiter run` or `loiter gate`, with its reports.
struct Observed {
    Outcome outcome;
    std::vector<nlohmann::json> reports;  ///< one for each observed process, in the order written
};

/// Runs `loiter mode --format json -o FILE options... -- target...` and parses FILE. `loiter` is the
/// built command (LOITER_COMMAND in tests made by add_e2e_test). Text that is no JSON throws.
Observed observe(const std::string& loiter, const std::string& mode, const std::vector<std::string>& options,
                 const Command& target);

/// A folder of its own, removed with all that is in it.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const std::string& path() const { return path_; }

private:
    std::string path_;
};

}  // namespace support
