// SPDX-License-Identifier: Apache-2.0
//
// MariaDB under the library alone, where it is installed: two dozen threads of five libraries.
#include <unistd.h>

#include "tests/e2e/programs/observed_server.h"

namespace programs {
namespace {

constexpr char kStatements[] =
    "create database t; use t; create table a (i int primary key auto_increment, v varchar(40)) engine=innodb;"
    "insert into a (v) select seq from seq_1_to_5000; create index x on a (v);"
    "select count(*), sum(crc32(v)) from a; select sum(i) from a where v like '1%'; checksum table a;";

class MariaDb : public testing::Test {
protected:
    void SetUp() override {
        if (!is_installed("mariadbd") || !is_installed("mariadb-install-db")) {
            GTEST_SKIP() << "no MariaDB: apt-get install mariadb-server";
        }
        const Outcome installed = support::run({{"mariadb-install-db", "--no-defaults", "--datadir=" + data_,
                                                 "--auth-root-authentication-method=normal", "--skip-test-db"}});
        ASSERT_EQ(installed.status, 0) << installed.output << installed.errors;
    }

    Server start(Library library) const {
        Words words{"mariadbd",           "--no-defaults",
                    "--datadir=" + data_, "--socket=" + socket_,
                    "--skip-networking",  "--pid-file=" + folder_.path() + "/pid"};
        if (geteuid() == 0) words.emplace_back("--user=root");
        return {{words}, folder_.path(), library, [this] { return ask("select 1;").status == 0; }};
    }
    Outcome ask(const std::string& statements) const {
        return support::run(
            {.arguments = {"mariadb", "--no-defaults", "--socket=" + socket_, "-uroot"}, .input = statements});
    }

    const support::TemporaryFolder folder_;
    const std::string data_ = folder_.path() + "/data";
    const std::string socket_ = folder_.path() + "/socket";
};

TEST_F(MariaDb, AnswersAndEndsAsAloneAndIsDumpedMeanwhile) {
    Server alone = start(Library::kNot);
    const Outcome expected = ask(kStatements);
    const int status = alone.terminate().status;
    ASSERT_EQ(expected.status, 0) << expected.errors;

    Server server = start(Library::kPreloaded);
    ASSERT_EQ(ask("drop database t;").status, 0);
    const Outcome answers = ask(kStatements);
    const Outcome dumped = support::run({{LOITER_COMMAND, "dump", "--format", "json", std::to_string(server.pid())}});

    EXPECT_EQ(answers.output, expected.output);
    EXPECT_EQ(server.terminate().status, status);
    ASSERT_EQ(dumped.status, 0) << dumped.errors;
    const Json report = Json::parse(dumped.output);
    EXPECT_EQ(report.at("findings"), Json::array());
    expect_facts_alone(report);
    EXPECT_EQ(report::thread(report, 1).at("state"), "io poll");
    EXPECT_GE(report.at("counts").at("threads"), 8);
    for (const Json& thread : report.at("threads")) {
        if (thread.at("id") == 1) continue;
        EXPECT_FALSE(thread.at("created_by").at("stack").empty()) << thread.dump(1);
    }
}

}  // namespace
}  // namespace programs
