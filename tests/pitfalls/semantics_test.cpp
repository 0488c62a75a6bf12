// SPDX-License-Identifier: Apache-2.0
//
// What POSIX and glibc say that an operation returns it returns with the library, too.
#include <algorithm>

#include "tests/pitfalls/unharmed.h"

namespace pitfalls {
namespace {

/// Its output is compared as a whole.
TEST(Semantics, OfEveryKindOfLockAndOperationAreAsWithoutUs) {
    const support::Outcome bare = support::run({{SEMANTICS}});
    EXPECT_GT(std::count(bare.output.begin(), bare.output.end(), '\n'), 400) << bare.errors;
    EXPECT_NE(bare.output.find("EDEADLK"), std::string::npos);
    EXPECT_NE(bare.output.find("EOWNERDEAD"), std::string::npos);
    EXPECT_TRUE(bare.output.ends_with("done\n")) << bare.output;
    expect_unharmed({SEMANTICS}, 0);
}

}  // namespace
}  // namespace pitfalls
