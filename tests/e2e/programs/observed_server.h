// SPDX-License-Identifier: Apache-2.0
//
// Servers that listen on a socket of their own, alone or under the library, and a load on them that goes on
// while the test looks.
#pragma once

#include <atomic>
#include <csignal>
#include <functional>
#include <future>

#include "tests/e2e/programs/preloaded.h"

namespace programs {

enum class Library { kNot, kPreloaded };

/// A server in `folder`; its constructor returns when `answers` is true.
class Server {
public:
    Server(const Command& command, const std::string& folder, Library library, const std::function<bool()>& answers)
        : folder_(folder), running_(library == Library::kPreloaded ? preloaded(command, folder) : command) {
        EXPECT_TRUE(support::eventually(answers)) << "the server does not answer";
    }

    pid_t pid() const { return running_.pid(); }

    /// Asks for a report by the signal and waits for it. Empty: there was none, which fails the test.
    Json report_now() {
        std::filesystem::remove(folder_ + "/log." + std::to_string(pid()));
        running_.signal(SIGUSR1);
        std::optional<Json> report;
        EXPECT_TRUE(support::eventually([&] { return (report = report_of(pid(), folder_, "signal")).has_value(); }));
        return report.value_or(Json::object());
    }
    Outcome terminate() {
        running_.signal(SIGTERM);
        return running_.finish();
    }

private:
    std::string folder_;
    support::Running running_;
};

/// Repeats a command until finish(), which tells whether each of its runs came to `expected`.
class Load {
public:
    Load(const Command& command, const std::function<bool(const Outcome&)>& is_right)
        : all_right_(std::async(std::launch::async, [this, command, is_right] {
              bool right = true;
              do right = is_right(support::run(command)) && right;
              while (!finish_);
              return right;
          })) {}
    ~Load() { finish_ = true; }  // the future's destructor waits
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    bool finish() {
        finish_ = true;
        return all_right_.get();
    }

private:
    std::atomic<bool> finish_{false};
    std::future<bool> all_right_;
};

}  // namespace programs
