// SPDX-License-Identifier: Apache-2.0
//
// How the programs of this folder are run, and what is said of the thread that each leaves behind.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace waits {

using report::Json;
using report::Site;

/// One case of one program.
struct Case {
    std::string program;
    std::string name;        ///< its first argument, and the mark of its block site; empty: none
    std::string futex = "";  ///< symbol of the word, or of what it is part of; empty: not global
    std::string state = "";  ///< what the wait means
};

inline std::ostream& operator<<(std::ostream& out, const Case& tested) {
    return out << tested.program << (tested.name.empty() ? "" : " ") << tested.name;
}

inline std::string name_of(const testing::TestParamInfo<Case>& info) {
    std::string name = info.param.program + "_" + info.param.name;
    std::string word;
    for (const char c : name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) word.push_back(c);
    }
    return word;
}

/// The only report of a run under `gate`. Throws when there is none or more than one.
inline Json report_of(const Case& tested, const std::string& variant, int status) {
    std::vector<std::string> command = {std::string(WAIT_PROGRAMS) + "/" + tested.program};
    if (!tested.name.empty()) command.push_back(tested.name);
    command.push_back(variant);
    const std::string grace = variant == "leaky" ? "50ms" : "10s";
    const support::Observed observed =
        support::observe(LOITER_COMMAND, "gate", {"--grace", grace}, {.arguments = command});
    EXPECT_EQ(observed.outcome.status, status) << observed.outcome.errors;
    if (observed.reports.size() != 1) throw std::runtime_error("not one report: " + observed.outcome.errors);
    EXPECT_EQ(observed.reports.front().at("losses"), Json::parse(R"({"threads": 0, "holds": 0, "stacks": 0})"));
    return observed.reports.front();
}

inline void expect_clean(const Case& tested) {
    const Json report = report_of(tested, "fixed", 0);
    EXPECT_EQ(report.at("findings"), Json::array()) << report.dump(1);
    EXPECT_EQ(report.at("counts").at("threads"), 1);
}

/// Thread `id` waits on a futex, told as `state`, `timed` or not, in `block`, and was started by main at `created`.
inline void expect_futex_wait(const Json& report, int id, const std::string& state, bool timed, const Site& block,
                              const Site& created) {
    const Json& thread = report::thread(report, id);
    EXPECT_EQ(thread.at("state"), state);
    EXPECT_EQ(thread.at("timed"), timed);
    EXPECT_EQ(thread.at("left_seconds").is_number(), timed);
    EXPECT_TRUE(report::passes(thread.at("stack"), block));
    EXPECT_EQ(thread.at("created_by").at("thread"), 1);
    EXPECT_TRUE(report::passes(thread.at("created_by").at("stack"), created));
    const Json& wait = thread.at("waits_for");
    EXPECT_NE(report::text_of(wait.at("address")), "0x0");
    EXPECT_THAT(report::text_of(wait.at("detail")),
                testing::MatchesRegex("expects [0-9]+, in FUTEX_WAIT(_BITSET)?(: .+)?"));
}

/// Where the case says which futex thread 2 waits for, the report calls it that.
inline void expect_futex_name(const Json& report, const Case& tested) {
    if (tested.futex.empty()) return;
    const std::string name = report::text_of(report::thread(report, 2).at("waits_for").at("name"));
    EXPECT_TRUE(report::names_function(name, tested.futex)) << name;
}

}  // namespace waits
