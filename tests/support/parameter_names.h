// SPDX-License-Identifier: Apache-2.0
//
// Names of tests that run once for each of several values.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace support {

/// A test's name has no hyphens.
inline std::string word_of_parameter(const testing::TestParamInfo<const char*>& parameter) {
    std::string name = parameter.param;
    name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
    return name;
}

}  // namespace support
