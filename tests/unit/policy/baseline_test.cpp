// SPDX-License-Identifier: Apache-2.0
#include "policy/baseline.h"

#include <gtest/gtest.h>

#include "policy/suppression.h"

namespace policy {
namespace {

std::string baseline_error(const std::string& text) {
    try {
        parse_baseline(text, "base.json");
    } catch (const Error& error) {
        return error.what();
    }
    return "";
}

TEST(Baseline, IsReadAsItWasWritten) {
    Baseline baseline;
    baseline.messages = {{"00000000000000aa", "1 thread \"x\"\n"},
                         {"00000000000000bb",
                          "gr\xc3\xb6\xc3\x9f"
                          "e"}};

    const std::string text = write_baseline(baseline);

    EXPECT_EQ(text,
              "{\"schema\": \"loiter-baseline/1\", \"findings\": [\n"
              "  {\"fingerprint\": \"00000000000000aa\", \"message\": \"1 thread \\\"x\\\"\\n\"},\n"
              "  {\"fingerprint\": \"00000000000000bb\", \"message\": \"gr\xc3\xb6\xc3\x9f"
              "e\"}\n"
              "]}\n");
    EXPECT_EQ(parse_baseline(text, "base.json").messages, baseline.messages);
}

TEST(Baseline, WithoutFindingsAndWithDamagedNamesIsOne) {
    EXPECT_TRUE(parse_baseline(write_baseline({}), "base.json").messages.empty());
    Baseline damaged;
    damaged.messages["00000000000000aa"] = "\xff";
    EXPECT_EQ(parse_baseline(write_baseline(damaged), "base.json").messages["00000000000000aa"], "\xef\xbf\xbd");
}

TEST(Baseline, SaysWhatIsNone) {
    const std::string not_one = "base.json is no baseline (loiter-baseline/1); --write-baseline makes one";
    EXPECT_EQ(baseline_error(""), not_one);
    EXPECT_EQ(baseline_error("[]"), not_one);
    EXPECT_EQ(baseline_error("{\"schema\": \"loiter-report/1\"}"), not_one);
    EXPECT_EQ(baseline_error("{\"schema\": \"loiter-baseline/1\"}"), "base.json: it has no findings");
    EXPECT_EQ(baseline_error("{\"schema\": \"loiter-baseline/1\", \"findings\": [{\"fingerprint\": \"aa\"}, 7]}"),
              "base.json: finding 2 has no fingerprint");
}

}  // namespace
}  // namespace policy
