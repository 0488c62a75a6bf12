// SPDX-License-Identifier: Apache-2.0
#include "python/interpreter.h"

#include <gtest/gtest.h>

#include <cstring>

#include "interpreter_memory.h"

namespace python {
namespace {

/// As 3.13 says of itself at the start of its runtime: 70 words behind a word that marks it.
struct Told {
    InterpreterMemory target{*known_offsets(12)};
    const uint64_t runtime = target.reserve(71 * 8);
    static constexpr uint32_t kVersion = 0x030d00f0;

    Told() {
        std::memcpy(target.pieces().at(runtime).data(), "xdebugpy", 8);
        for (uint64_t word = 1; word < 71; ++word) target.put<uint64_t>(runtime, word * 8, 8 * word);
        target.put<uint64_t>(runtime, 8, kVersion);
        target.put<uint64_t>(runtime, 16, 0);
    }
    std::optional<Offsets> offsets(std::string& why) { return told_offsets(target.memory(), runtime, kVersion, why); }
};

TEST(ToldOffsets, AreTakenFromTheInterpreter) {
    Told told;
    std::string why;

    const std::optional<Offsets> offsets = told.offsets(why);

    ASSERT_TRUE(offsets) << why;
    EXPECT_EQ(offsets->minor, 13U);
    EXPECT_EQ(offsets->runtime.interpreters, 8U * 5);
    EXPECT_EQ(offsets->thread.native_id, 8U * 25);
    EXPECT_EQ(offsets->frame.owner, 8U * 33);
    EXPECT_EQ(offsets->code.instructions, 8U * 43);
    EXPECT_EQ(offsets->bytes.data, 8U * 66);
    EXPECT_EQ(offsets->text.compact_data, 8U * 70 + 16);
}

TEST(ToldOffsets, AreNotBelievedWhereTheyMakeNoSense) {
    const auto refusal = [](uint64_t word, uint64_t value) {
        Told told;
        std::string why;
        told.target.put(told.runtime, word * 8, value);
        return told.offsets(why) ? "" : why;
    };
    EXPECT_EQ(refusal(0, 0), "the interpreter does not tell where it keeps them");
    EXPECT_EQ(refusal(1, 0x030c0000), "the interpreter does not tell where it keeps them");
    EXPECT_EQ(refusal(40, UINT64_MAX), "the interpreter does not tell where it keeps them");
    EXPECT_EQ(refusal(2, 1), "a free-threaded interpreter keeps them in a way that is not known");
}

TEST(KnownOffsets, AreOfTheVersionsThatDoNotTell) {
    EXPECT_EQ(known_offsets(10), nullptr);
    EXPECT_NE(known_offsets(11), nullptr);
    EXPECT_NE(known_offsets(12), nullptr);
    EXPECT_EQ(known_offsets(13), nullptr);
}

}  // namespace
}  // namespace python
