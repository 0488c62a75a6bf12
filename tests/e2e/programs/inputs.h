// SPDX-License-Identifier: Apache-2.0
//
// What everyday programs are given to work on: equal in every run.
#pragma once

#include <cstddef>
#include <fstream>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/target_runner.h"

namespace programs {

/// A folder with one file, `input`.
struct Input : support::TemporaryFolder {
    explicit Input(const std::string& bytes) { std::ofstream(path() + "/input") << bytes; }
};

/// Compresses to about half: letters of a small alphabet.
inline std::string letters(size_t bytes) {
    std::mt19937 random(20);
    std::string text(bytes, ' ');
    for (char& letter : text) letter = static_cast<char>('a' + random() % 16);
    return text;
}

inline std::string lines(size_t count) {
    std::mt19937 random(20);
    std::string text;
    for (size_t i = 0; i < count; ++i) text += std::to_string(random()) + '\n';
    return text;
}

/// The command in `folder`, with no settings of the user's.
inline support::Command in(const std::string& folder, std::vector<std::string> words) {
    return {.arguments = std::move(words),
            .environment = {{"HOME", folder}, {"GIT_CONFIG_NOSYSTEM", "1"}, {"LC_ALL", "C"}},
            .directory = folder};
}

}  // namespace programs
