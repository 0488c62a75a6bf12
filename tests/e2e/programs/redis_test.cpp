// SPDX-License-Identifier: Apache-2.0
//
// redis with an I/O thread, under the library alone: it answers as it does by itself, says on the signal what
// its threads do while it serves, and ends as it does by itself.
#include "tests/e2e/programs/observed_server.h"

namespace programs {
namespace {

class Redis : public testing::Test {
protected:
    void SetUp() override {
        if (!is_installed("redis-benchmark")) GTEST_SKIP() << "no redis: apt-get install redis-tools";
        // One program under several names: Debian's redis-server is a link to it and a service.
        const std::string program = support::run({{"sh", "-c", "command -v redis-check-rdb"}}).output;
        std::filesystem::create_symlink(program.substr(0, program.find('\n')), server_);
    }

    Command client(const Words& words, const std::string& input = {}) const {
        Command command{{"redis-cli", "-s", socket_}};
        command.arguments.insert(command.arguments.end(), words.begin(), words.end());
        command.input = input;
        return command;
    }
    Server start(Library library) const {
        return {{{server_, "--port", "0", "--unixsocket", socket_, "--dir", folder_.path(), "--save", "",
                  "--appendonly", "no", "--io-threads", "2", "--io-threads-do-reads", "yes"}},
                folder_.path(),
                library,
                [this] { return support::run(client({"ping"})).output == "PONG\n"; }};
    }
    /// Enough clients at once that the I/O thread has its share.
    Command benchmark() const {
        return {{"redis-benchmark", "-s", socket_, "-n", "2000", "-c", "20", "-P", "8", "-t", "set,get", "-q"}};
    }
    /// Everything that is answered to writes, reads, a copy by a forked child, and a lookup of them all.
    std::string answers() const {
        std::string requests;
        for (int key = 0; key < 500; ++key) {
            const std::string name = "key" + std::to_string(key);
            requests += "set " + name + " " + std::to_string(key * key) + "\nincr sum\nget " + name + "\n";
        }
        requests += "bgsave\ndbsize\n";
        return support::run(client({}, requests)).output;
    }

    const support::TemporaryFolder folder_;
    const std::string server_ = folder_.path() + "/redis-server";
    const std::string socket_ = folder_.path() + "/socket";
};

void expect_threads_of_redis(const Json& report) {
    for (const char* const name : {"bio_close_file", "bio_aof_fsync", "bio_lazy_free"}) {
        const std::vector<Json> threads = named(report, name);
        ASSERT_EQ(threads.size(), 1U) << name;
        EXPECT_EQ(threads.front().at("state"), "cond wait");
        EXPECT_TRUE(has_function(threads.front().at("stack"), "bioProcessBackgroundJobs"));
        EXPECT_TRUE(has_function(threads.front().at("created_by").at("stack"), "bioInit"));
    }
    const std::vector<Json> io_threads = named(report, "io_thd_1");
    ASSERT_EQ(io_threads.size(), 1U);
    EXPECT_TRUE(has_function(io_threads.front().at("created_by").at("stack"), "initThreadedIO"));
}

TEST_F(Redis, AnswersAndEndsAsAlone) {
    std::string expected;
    int status = -1;
    {
        Server alone = start(Library::kNot);
        expected = answers();
        status = alone.terminate().status;
    }
    std::filesystem::remove(folder_.path() + "/dump.rdb");

    Server server = start(Library::kPreloaded);
    const std::string seen = answers();
    const Outcome ended = server.terminate();

    EXPECT_NE(expected.find("Background saving started"), std::string::npos);
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(ended.status, status);
    EXPECT_EQ(ended.errors, "");
    const std::optional<Json> report = report_of(server.pid(), folder_.path(), "exit");
    ASSERT_TRUE(report);
    expect_facts_alone(*report);
    expect_threads_of_redis(*report);
}

TEST_F(Redis, TellsItsThreadsOnTheSignalWhileItServes) {
    Server server = start(Library::kPreloaded);
    Load load(benchmark(), [](const Outcome& outcome) {
        return outcome.status == 0 && outcome.output.find("rror") == std::string::npos;
    });

    const std::vector<Json> reports{server.report_now(), server.report_now(), server.report_now()};

    EXPECT_TRUE(load.finish());
    for (const Json& report : reports) {
        EXPECT_EQ(report.at("process").at("end"), "alive");
        EXPECT_EQ(report.at("findings"), Json::array());
        expect_facts_alone(report);
        expect_threads_of_redis(report);
    }
    EXPECT_EQ(server.terminate().status, 0);
}

}  // namespace
}  // namespace programs
