// SPDX-License-Identifier: Apache-2.0
//
// The inputs that are kept: seeds, and what once was a finding. Each is taken by its target without a word.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "tests/fuzz/target.h"

namespace fuzz {

void PrintTo(const Target& target, std::ostream* to) {
    *to << target.name;
}

}  // namespace fuzz

namespace {

class Corpus : public testing::TestWithParam<fuzz::Target> {};

std::vector<uint8_t> content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST_P(Corpus, IsTaken) {
    const fuzz::Target& target = GetParam();
    size_t inputs = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(CORPUS) / target.name)) {
        const std::vector<uint8_t> input = content(entry.path());
        EXPECT_LE(input.size(), target.max_bytes) << entry.path();
        SCOPED_TRACE(entry.path());
        target.run(input);
        ++inputs;
    }
    EXPECT_GT(inputs, 0U);
    target.run({});
}

std::vector<fuzz::Target> all_targets() {
    return {fuzz::targets().begin(), fuzz::targets().end()};
}

INSTANTIATE_TEST_SUITE_P(Of, Corpus, testing::ValuesIn(all_targets()),
                         [](const auto& which) { return std::string(which.param.name); });

}  // namespace
