// SPDX-License-Identifier: Apache-2.0
//
// A server under observation: memcached with four workers serves as it does alone, is dumped while it
// serves, ends as it does alone, and can be told about after it was killed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/e2e/programs/memcached_client.h"
#include "tests/support/target_runner.h"

namespace {

using memcached::RoundSum;
using nlohmann::json;
using support::Outcome;
using support::Running;
using Words = std::vector<std::string>;

constexpr int kWorkers = 4;

Words server_command(const std::string& socket) {
    Words command{"memcached", "-t", std::to_string(kWorkers), "-s", socket, "-a", "0777"};
    if (geteuid() == 0) command.insert(command.end(), {"-u", "nobody"});
    return command;
}

Outcome loiter(Words arguments) {
    arguments.insert(arguments.begin(), LOITER_COMMAND);
    return support::run({.arguments = arguments});
}

/// For the server's socket: memcached has given up its rights when it makes it.
struct SocketFolder : support::TemporaryFolder {
    SocketFolder() { std::filesystem::permissions(path(), std::filesystem::perms::all); }
    std::string socket() const { return path() + "/socket"; }
};

/// memcached alone.
class PlainServer {
public:
    PlainServer() : running_({.arguments = server_command(folder_.socket())}) { memcached::Client ready(socket()); }
    std::string socket() const { return folder_.socket(); }
    Outcome end() {
        running_.signal(SIGTERM);
        return running_.finish();
    }

private:
    SocketFolder folder_;
    Running running_;
};

/// memcached under `run --dir`.
class ObservedServer {
public:
    ObservedServer() : running_({.arguments = command()}) { memcached::Client ready(socket()); }
    std::string socket() const { return folder_.socket(); }
    std::string recordings() const { return folder_.path() + "/recordings"; }
    pid_t command_pid() const { return running_.pid(); }

    /// memcached's own; its recording is named loiter-PID-...
    pid_t pid() const {
        for (const auto& entry : std::filesystem::directory_iterator(recordings())) {
            const std::string name = entry.path().filename();
            if (name.starts_with("loiter-")) return std::stoi(name.substr(7));
        }
        throw std::runtime_error("no recording in " + recordings());
    }
    json dump() const {
        const Outcome dumped = loiter({"dump", "--format", "json", std::to_string(pid())});
        EXPECT_EQ(dumped.status, 0) << dumped.errors;
        return json::parse(dumped.output);
    }
    /// Sends the signal to memcached, or to the command that runs it.
    Outcome end_by(int signal, pid_t whom) {
        kill(whom, signal);
        return running_.finish();
    }

private:
    Words command() const {
        Words words{LOITER_COMMAND, "run", "--dir", recordings(), "--"};
        const Words server = server_command(socket());
        words.insert(words.end(), server.begin(), server.end());
        return words;
    }

    SocketFolder folder_;
    Running running_;
};

/// A client a worker, each repeating its round until finish().
class Load {
public:
    explicit Load(const std::string& socket) {
        for (uint32_t owner = 0; owner < kWorkers; ++owner) {
            clients_.push_back(std::async(std::launch::async, [this, socket, owner] {
                memcached::Client client(socket);
                std::vector<RoundSum> sums;
                do sums.push_back(client.round(owner));
                while (!finish_);
                return sums;
            }));
        }
    }
    ~Load() { finish_ = true; }  // the futures' destructors wait for the clients
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    /// The sums of all rounds, by client.
    std::vector<std::vector<RoundSum>> finish() {
        finish_ = true;
        std::vector<std::vector<RoundSum>> sums;
        for (auto& client : clients_) sums.push_back(client.get());
        return sums;
    }

private:
    std::atomic<bool> finish_{false};
    std::vector<std::future<std::vector<RoundSum>>> clients_;
};

/// tid -> name, as the kernel tells it.
std::map<pid_t, std::string> threads_of(pid_t pid) {
    std::map<pid_t, std::string> threads;
    for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
        std::string name;
        std::getline(std::ifstream(task.path() / "comm"), name);
        threads[std::stoi(task.path().filename())] = name;
    }
    return threads;
}

/// Waits until main and every worker have returned to epoll_wait (x86-64: system call 232).
void wait_until_idle(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (const auto& [tid, name] : threads_of(pid)) {
        if (name != "mc-worker" && name != "memcached") continue;
        const std::string path = "/proc/" + std::to_string(pid) + "/task/" + std::to_string(tid) + "/syscall";
        std::string call;
        while (call != "232") {
            ASSERT_LT(std::chrono::steady_clock::now(), deadline) << name << " stays in " << call;
            std::ifstream(path) >> call;
        }
    }
}

void expect_words(const json& report) {
    static const std::set<std::string> kWords{
        "running", "mutex lock", "rwlock read", "rwlock write", "spin lock", "cond wait", "semaphore",  "barrier",
        "join",    "once",       "futex",       "sleep",        "spinning",  "file lock", "child wait", "signal wait"};
    for (const json& thread : report["threads"]) {
        const std::string state = thread["state"].is_string() ? thread["state"].get<std::string>() : "null";
        EXPECT_TRUE(kWords.contains(state) || state.starts_with("io ")) << state << " of " << thread.dump(1);
    }
}

void expect_creation_sites(const json& report) {
    EXPECT_EQ(report.dump().find("libloiter"), std::string::npos) << "a frame of ours in a stack";
    for (const json& thread : report["threads"]) {
        if (thread["id"] == 1) continue;
        EXPECT_EQ(thread["created_by"]["thread"], 1) << thread.dump(1);
        EXPECT_FALSE(thread["created_by"]["stack"].empty()) << thread.dump(1);
    }
}

TEST(Memcached, AnswersTheSameWhileItIsObservedAndDumped) {
    // given: the sum of a round of every client on a plain server
    std::vector<RoundSum> expected;
    PlainServer plain;
    for (uint32_t owner = 0; owner < kWorkers; ++owner) {
        expected.push_back(memcached::Client(plain.socket()).round(owner));
        EXPECT_EQ(expected.back().errors, 0U);
    }
    plain.end();

    // when: the same rounds, over and over, on an observed one that is dumped three times meanwhile
    ObservedServer server;
    Load load(server.socket());
    const std::vector<json> reports{server.dump(), server.dump(), server.dump()};
    const std::vector<std::vector<RoundSum>> sums = load.finish();

    // then
    for (uint32_t owner = 0; owner < kWorkers; ++owner) EXPECT_THAT(sums[owner], testing::Each(expected[owner]));
    for (const json& report : reports) {
        EXPECT_EQ(report["threads"].size(), threads_of(server.pid()).size());
        EXPECT_EQ(report["findings"], json::array());
        expect_words(report);
        expect_creation_sites(report);
    }
    EXPECT_EQ(server.end_by(SIGTERM, server.pid()).status, 0);
}

TEST(Memcached, DumpNamesEveryThreadAndWhatItIsIn) {
    ObservedServer server;
    memcached::Client(server.socket()).round(0);
    const pid_t pid = server.pid();
    wait_until_idle(pid);

    const json report = server.dump();

    EXPECT_EQ(report["process"]["pid"], pid);
    EXPECT_EQ(report["process"]["observed"], true);
    EXPECT_EQ(report["process"]["reason"], "dump");
    EXPECT_EQ(report["process"]["end"], "alive");
    EXPECT_EQ(report["process"]["status"], nullptr);
    EXPECT_EQ(report["findings"], json::array());
    std::map<pid_t, std::string> named;
    std::multiset<std::string> states_of_workers;
    for (const json& thread : report["threads"]) {
        const std::string name = thread["name"].is_string() ? thread["name"].get<std::string>() : "memcached";
        named[thread["tid"]] = name;
        if (name == "mc-worker" || thread["id"] == 1) states_of_workers.insert(thread["state"]);
    }
    EXPECT_EQ(named, threads_of(pid));
    EXPECT_EQ(states_of_workers.size(), kWorkers + 1U);
    EXPECT_THAT(states_of_workers, testing::Each("io epoll_wait"));
    expect_words(report);
    expect_creation_sites(report);
}

TEST(Memcached, TermGivesTheStatusThatItGivesAlone) {
    const int alone = PlainServer().end().status;

    ObservedServer told;
    EXPECT_EQ(told.end_by(SIGTERM, told.pid()).status, alone);

    ObservedServer told_through_the_command;
    EXPECT_EQ(told_through_the_command.end_by(SIGTERM, told_through_the_command.command_pid()).status, alone);
}

TEST(Memcached, AfterAKillItsRecordingTellsOfEveryThread) {
    ObservedServer server;
    memcached::Client(server.socket()).round(0);
    const pid_t pid = server.pid();
    wait_until_idle(pid);
    const size_t threads = threads_of(pid).size();

    const Outcome ended = server.end_by(SIGKILL, pid);
    const Outcome as_json = loiter({"report", "--format", "json", server.recordings()});
    const Outcome as_text = loiter({"report", "--all", server.recordings()});

    EXPECT_EQ(ended.status, 128 + SIGKILL);
    ASSERT_EQ(as_json.status, 0) << as_json.errors;
    const json report = json::parse(as_json.output);
    EXPECT_EQ(report["process"]["pid"], pid);
    EXPECT_EQ(report["process"]["reason"], "post-mortem");
    EXPECT_EQ(report["process"]["end"], "signal");
    EXPECT_EQ(report["process"]["status"], 128 + SIGKILL);
    EXPECT_EQ(report["threads"].size(), threads);
    expect_creation_sites(report);
    size_t workers = 0;
    for (const json& thread : report["threads"]) {
        if (thread["name"] != "mc-worker") continue;
        ++workers;
        EXPECT_EQ(thread["state"], "io epoll_wait") << thread.dump(1);
        EXPECT_EQ(thread["last_recorded"], false);
    }
    EXPECT_EQ(workers, kWorkers);
    EXPECT_EQ(as_text.status, 0) << as_text.errors;
    EXPECT_THAT(as_text.output, testing::HasSubstr("[io epoll_wait"));
}

}  // namespace
