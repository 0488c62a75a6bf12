// SPDX-License-Identifier: Apache-2.0
#include "preload/stacks/dwarf_expression.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint8_t kRip = 0x80;  // breg16
constexpr uint8_t kStackPointer = 0x77;
constexpr uint8_t kFramePointer = 0x76;

std::optional<uintptr_t> evaluate(const Bytes& bytes, preload::Registers registers, std::optional<uintptr_t> cfa = {}) {
    preload::SafeReader memory;
    uintptr_t result = 0;
    const preload::Expression expression{bytes.data(), static_cast<uint32_t>(bytes.size())};
    const bool done = preload::evaluate(expression, registers, cfa ? &*cfa : nullptr, memory, result);
    return done ? std::optional(result) : std::nullopt;
}

/// What linkers write for lazy PLT entries: rsp + 8, and 8 more behind the push.
TEST(DwarfExpression, FindsTheFrameOfAPltEntry) {
    const Bytes plt = {kStackPointer, 8, kRip, 0, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22};

    for (uintptr_t pc = 0x1000; pc < 0x1010; ++pc) {
        EXPECT_EQ(evaluate(plt, {pc, 0x7000, 0, false}), 0x7008 + (pc % 16 >= 11 ? 8U : 0U));
    }
}

TEST(DwarfExpression, LoadsFromMemory) {
    const uintptr_t words[] = {11, 22, 33};
    const auto at = reinterpret_cast<uintptr_t>(&words[1]);

    EXPECT_EQ(evaluate({kFramePointer, 0x78, 0x06}, {0, 0, at, true}), 11U);  // breg6 -8, deref
    EXPECT_EQ(evaluate({0x23, 8, 0x06}, {0, 0, 0, false}, at), 33U);          // from the CFA: plus_uconst 8, deref
}

TEST(DwarfExpression, RefusesMemoryThatCannotBeRead) {
    EXPECT_EQ(evaluate({kFramePointer, 0, 0x06}, {0, 0, 0, true}), std::nullopt);
    EXPECT_EQ(evaluate({kFramePointer, 0, 0x06}, {0, 0, uintptr_t{1} << 62, true}), std::nullopt);
}

TEST(DwarfExpression, CalculatesAsDwarfSays) {
    const preload::Registers none{0, 0, 0, false};
    EXPECT_EQ(evaluate({0x08, 200, 0x09, 0xff, 0x22}, none), 199U);          // const1u, const1s, plus
    EXPECT_EQ(evaluate({0x10, 0x80, 0x02, 0x35, 0x1c}, none), 251U);         // constu 256, lit5, minus
    EXPECT_EQ(evaluate({0x11, 0x7f, 0x31, 0x2d}, none), 1U);                 // consts -1, lit1, lt
    EXPECT_EQ(evaluate({0x35, 0x33, 0x16, 0x1c}, none), ~uintptr_t{0} - 1);  // 5 3 swap minus
    EXPECT_EQ(evaluate({0x35, 0x33, 0x14, 0x1e, 0x21}, none), 15U);          // 5 3 over mul or
    EXPECT_EQ(evaluate({0x35, 0x1f, 0x20}, none), 4U);                       // neg not
    EXPECT_EQ(evaluate({0x0c, 1, 2, 3, 4, 0x38, 0x25}, none), 0x040302U);    // const4u, lit8, shr
    EXPECT_EQ(evaluate({0x35, 0x12, 0x27}, none), 0U);                       // dup xor
}

TEST(DwarfExpression, RefusesWhatItDoesNotKnow) {
    const preload::Registers registers{1, 2, 3, false};
    EXPECT_EQ(evaluate({}, registers), std::nullopt);
    EXPECT_EQ(evaluate({0x22}, registers), std::nullopt);              // plus of nothing
    EXPECT_EQ(evaluate({0x73, 0}, registers), std::nullopt);           // rbx
    EXPECT_EQ(evaluate({kFramePointer, 0}, registers), std::nullopt);  // rbp is not known
    EXPECT_EQ(evaluate({0x31, 0x2f, 0, 0}, registers), std::nullopt);  // skip
    EXPECT_EQ(evaluate({0x0c, 1}, registers), std::nullopt);           // cut short
    EXPECT_EQ(evaluate(Bytes(100, 0x31), registers), std::nullopt);    // too deep
}

}  // namespace
