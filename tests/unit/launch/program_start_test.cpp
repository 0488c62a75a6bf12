// SPDX-License-Identifier: Apache-2.0
#include "launch/program_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

namespace launch {
namespace {

using testing::Contains;
using testing::IsSupersetOf;

class ObservedEnvironment : public testing::Test {
protected:
    ~ObservedEnvironment() override {
        for (const char* name : {"LD_PRELOAD", "LOITER_DIR", "LOITER_SUPERVISOR"}) unsetenv(name);
    }
};

TEST_F(ObservedEnvironment, IsOursWithThreeVariablesMore) {
    std::vector<std::string> ours = environment();

    std::vector<std::string> observed = observed_environment("/lib/l.so", "/dir", "LOITER_SUPERVISOR=500:7");

    ours.insert(ours.end(), {"LD_PRELOAD=/lib/l.so", "LOITER_DIR=/dir", "LOITER_SUPERVISOR=500:7"});
    EXPECT_THAT(observed, testing::UnorderedElementsAreArray(ours));
}

TEST_F(ObservedEnvironment, KeepsWhatWasPreloaded) {
    setenv("LD_PRELOAD", "libfirst.so:/lib/second.so", 1);
    EXPECT_THAT(observed_environment("/lib/l.so", "/dir", "LOITER_SUPERVISOR=500:7"),
                Contains("LD_PRELOAD=/lib/l.so:libfirst.so:/lib/second.so").Times(1));
    setenv("LD_PRELOAD", "", 1);
    EXPECT_THAT(observed_environment("/lib/l.so", "/dir", "LOITER_SUPERVISOR=500:7"),
                Contains("LD_PRELOAD=/lib/l.so").Times(1));
}

TEST_F(ObservedEnvironment, ReplacesWhatAnOuterRunSaid) {
    setenv("LOITER_DIR", "/outer", 1);
    setenv("LOITER_SUPERVISOR", "1", 1);

    const std::vector<std::string> observed = observed_environment("/lib/l.so", "/dir", "LOITER_SUPERVISOR=0:7");

    EXPECT_THAT(observed, IsSupersetOf({"LOITER_DIR=/dir", "LOITER_SUPERVISOR=0:7"}));
    const auto of_ours = [](const std::string& variable) { return variable.starts_with("LOITER_"); };
    EXPECT_EQ(std::count_if(observed.begin(), observed.end(), of_ours), 2);
}

}  // namespace
}  // namespace launch
