// SPDX-License-Identifier: Apache-2.0
#include "python/line_table.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace python {
namespace {

/// One byte that begins an entry for `units` code units.
std::string first(unsigned kind, unsigned units) {
    return std::string(1, static_cast<char>(0x80 | (kind << 3) | (units - 1)));
}

/// Six bits a byte; the sign is the lowest bit.
std::string number(int value) {
    unsigned rest = value < 0 ? (static_cast<unsigned>(-value) << 1) | 1 : static_cast<unsigned>(value) << 1;
    std::string bytes;
    for (; rest >= 64; rest >>= 6) bytes.push_back(static_cast<char>(0x40 | (rest & 63)));
    bytes.push_back(static_cast<char>(rest));
    return bytes;
}

/// The line of each unit up to the first that has none in the table; 0: no line.
std::vector<int> lines(const std::string& table, int first_line, size_t units) {
    std::vector<int> found;
    for (size_t unit = 0; unit < units; ++unit) found.push_back(line_at(table, first_line, unit * 2).value_or(0));
    return found;
}

TEST(LineTable, EveryKindOfEntryMovesTheLineAsItSays) {
    const std::string same_line = first(0, 1) + "\x11";
    const std::string one_line_on = first(11, 2) + std::string("\x04\x09");
    const std::string without_columns = first(13, 1) + number(300);
    const std::string with_all = first(14, 1) + number(-305) + number(1) + std::string("\x05\x06");
    const std::string two_lines_on = first(12, 1) + std::string("\x04\x09");

    EXPECT_EQ(lines(same_line + one_line_on + without_columns + with_all + two_lines_on, 10, 7),
              (std::vector<int>{10, 11, 11, 311, 6, 8, 0}));
}

TEST(LineTable, AnEntryMayHaveNoPlace) {
    EXPECT_EQ(lines(first(15, 2) + first(11, 1) + std::string("\x01\x02"), 7, 3), (std::vector<int>{0, 0, 8}));
}

/// As CPython 3.11 compiles, and itself reads (`co_lines()`), the function
///
///     3: def f(n):
///     4:     for x in range(n):
///     5:         if x:
///     6:             return x
TEST(LineTable, IsReadAsCPythonDoes) {
    const std::string table(
        "\x80\x00\xdd\x0d\x12\x90\x31\x89\x58\x8c\x58\xf0\x00\x02\x05\x15\xf0\x00\x02\x05\x15\x88\x01\xd8\x0b\x0c"
        "\xf0\x00\x01\x09\x15\xd8\x13\x14\x88\x48\x88\x48\x88\x48\xf0\x03\x01\x09\x15\xf0\x03\x02\x05\x15\xf0\x00"
        "\x02\x05\x15",
        55);
    std::vector<int> expected = {3};
    expected.insert(expected.end(), 17, 4);
    expected.insert(expected.end(), {5, 5, 6, 6, 6, 6, 5, 4, 4, 0});

    EXPECT_EQ(lines(table, 3, 28), expected);
}

TEST(LineTable, WhatIsNoTableHasNoLine) {
    EXPECT_EQ(line_at("", 1, 0), std::nullopt);
    EXPECT_EQ(line_at(std::string("\x11\x22"), 1, 0), std::nullopt) << "does not begin an entry";
    EXPECT_EQ(line_at(first(13, 1), 5, 0), 5) << "cut short: the number is not there";
    EXPECT_EQ(line_at(first(13, 1) + std::string(100, '\x7f'), 5, 0).value_or(0) > 1 << 30, false);
    EXPECT_EQ(line_at(first(13, 1) + number(-50), 5, 0), std::nullopt) << "before the first line of all";
    EXPECT_EQ(line_at(first(0, 8), 5, UINT64_MAX), std::nullopt);
}

TEST(LineTable, AnyBytesAreSurvived) {
    std::minstd_rand random(1);
    for (int round = 0; round < 20'000; ++round) {
        std::string table(random() % 64, '\0');
        for (char& byte : table) byte = static_cast<char>(random());
        const auto line = line_at(table, static_cast<int>(random()), random() % 256);
        EXPECT_GT(line.value_or(1), 0);
    }
}

}  // namespace
}  // namespace python
