// SPDX-License-Identifier: Apache-2.0
#include "python/frames.h"

#include <gtest/gtest.h>

#include <random>

#include "interpreter_memory.h"

namespace python {
namespace {

using Lines = std::vector<std::string>;

/// "audit /srv/app.py:12", or nothing where no chain could be read.
std::optional<Lines> shown(const InterpreterMemory& target, uint64_t frame) {
    const Memory memory = target.memory();
    const auto chain = read_chain(memory, target.offsets, Objects(memory, target.offsets, target.types), frame);
    if (!chain) return std::nullopt;
    Lines lines;
    for (const snapshot::Frame& one : chain->frames) {
        lines.push_back(one.function + " " + one.file + ":" + std::to_string(one.line));
    }
    return lines;
}

class Frames : public testing::TestWithParam<uint32_t> {
protected:
    InterpreterMemory target{*known_offsets(GetParam())};
    const uint64_t main = target.frame(target.code("<module>", 1), 3, 0);
};
INSTANTIATE_TEST_SUITE_P(Python3, Frames, testing::Values(11, 12));

TEST_P(Frames, AreToldFromTheNewestToTheOldest) {
    const uint64_t worker = target.frame(target.code("Worker.run", 10), 0, main, /*owner: generator*/ 1);

    EXPECT_EQ(shown(target, worker), (Lines{"Worker.run /srv/app.py:10", "<module> /srv/app.py:4"}));
    EXPECT_EQ(shown(target, 0), Lines{});
}

TEST_P(Frames, AGeneratorWithoutACallerIsMarked) {
    const Memory memory = target.memory();
    const Objects objects(memory, target.offsets, target.types);
    const auto is_marked = [&](uint64_t frame) {
        const auto chain = read_chain(memory, target.offsets, objects, frame);
        return chain && chain->ends_in_generator;
    };
    const uint64_t generator = target.code("walk", 10);
    const uint64_t left = target.frame(generator, 0, 0, /*owner: generator*/ 1);

    EXPECT_TRUE(is_marked(left));
    EXPECT_TRUE(is_marked(target.frame(target.code("f", 5), 1, left)));
    EXPECT_FALSE(is_marked(target.frame(generator, 0, main, 1)));
    EXPECT_FALSE(is_marked(0));
}

TEST_P(Frames, WhereCEnteredTheInterpreterIsNoFunction) {
    const uint64_t entry = target.frame(target.code("<shim>", 1), 0, main, /*owner: C stack*/ 3);

    EXPECT_EQ(shown(target, target.frame(target.code("f", 5), 1, entry)),
              (Lines{"f /srv/app.py:6", "<module> /srv/app.py:4"}));
}

TEST_P(Frames, OneThatHasNotBegunIsAtItsFirstLine) {
    const uint64_t frame = target.frame(target.code("f", 5), 0, 0);
    const auto code = target.code("g", 8);
    target.put(frame, target.offsets.frame.code, code);
    target.put(frame, target.offsets.frame.instruction, code + target.offsets.code.instructions - 2);

    EXPECT_EQ(shown(target, frame), Lines{"g /srv/app.py:8"});
}

TEST_P(Frames, NamesAreUtf8HoweverTheyAreKept) {
    const uint64_t latin = target.code(target.text("gr\xf6\xdf"
                                                   "e",
                                                   1, false),
                                       1);
    const uint64_t wide = target.text("xy", 4, false);
    target.put<uint32_t>(wide, target.offsets.text.compact_data, 0x4e2d);
    target.put<uint32_t>(wide, target.offsets.text.compact_data + 4, 0x1f600);

    EXPECT_EQ(shown(target, target.frame(latin, 0, 0)), Lines{"größe /srv/app.py:1"});
    EXPECT_EQ(shown(target, target.frame(target.code(wide, 1), 0, 0)), Lines{"中😀 /srv/app.py:1"});
}

TEST_P(Frames, AreCutShortAndMarkedWhereThereAreTooMany) {
    uint64_t frame = main;
    const uint64_t code = target.code("rec", 1);
    for (size_t i = 0; i < kMaxFrames + 5; ++i) frame = target.frame(code, 1, frame);

    const Memory memory = target.memory();
    const auto chain = read_chain(memory, target.offsets, Objects(memory, target.offsets, target.types), frame);

    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->frames.size(), kMaxFrames);
    EXPECT_TRUE(chain->truncated);
}

/// Every thread of a pool is in the same functions.
TEST_P(Frames, CodeThatIsKnownIsNotReadAgain) {
    const uint64_t code = target.code("work", 10);
    const uint64_t first = target.frame(code, 0, main);
    const uint64_t second = target.frame(code, 3, main);
    size_t reads = 0;
    const Memory all = target.memory();
    const Memory counted([&](uint64_t address, void* to, size_t bytes) {
        ++reads;
        return all.read(address, to, bytes) ? bytes : 0;
    });
    const Objects objects(counted, target.offsets, target.types);
    Codes known = read_chain(counted, target.offsets, objects, first)->codes;
    EXPECT_EQ(known.size(), 2U);

    const auto fresh = read_chain(counted, target.offsets, objects, second);
    reads = 0;
    const auto again = read_chain(counted, target.offsets, objects, second, known);

    EXPECT_LE(reads, 2U) << "one for each of its frames, which lie apart";
    EXPECT_TRUE(again->codes.empty());
    EXPECT_EQ(again->marks, fresh->marks);
    ASSERT_EQ(again->frames.size(), fresh->frames.size());
    for (size_t i = 0; i < fresh->frames.size(); ++i) {
        EXPECT_EQ(again->frames[i].function, fresh->frames[i].function);
        EXPECT_EQ(again->frames[i].file, fresh->frames[i].file);
        EXPECT_EQ(again->frames[i].line, fresh->frames[i].line);
    }
}

/// As the interpreter lays them out: each behind its caller.
TEST_P(Frames, ThatLieSideBySideAreCopiedTogether) {
    const uint64_t code = target.code("rec", 1);
    constexpr size_t kDepth = 20;
    const uint64_t size = target.offsets.frame.size;
    const uint64_t all = target.reserve(kDepth * size);
    for (size_t i = 0; i < kDepth; ++i) {
        const uint64_t one = target.frame(code, 1, i == 0 ? 0 : all + (i - 1) * size);
        std::copy_n(target.pieces().at(one).data(), size, target.pieces().at(all).data() + i * size);
    }
    size_t reads = 0;
    const Memory whole = target.memory();
    const Memory counted([&](uint64_t address, void* to, size_t bytes) {
        ++reads;
        return whole.read(address, to, bytes) ? bytes : 0;
    });
    const Codes known = read_chain(counted, target.offsets, Objects(counted, target.offsets, target.types), all)->codes;
    reads = 0;

    const auto chain = read_chain(counted, target.offsets, Objects(counted, target.offsets, target.types),
                                  all + (kDepth - 1) * size, known);

    EXPECT_EQ(chain->frames.size(), kDepth);
    EXPECT_LE(reads, 2U);
}

TEST_P(Frames, WhatIsNoChainIsNotToldInPart) {
    const uint64_t code = target.code("f", 5);
    const uint64_t loop = target.frame(code, 0, main);
    target.put(loop, target.offsets.frame.previous, loop);
    EXPECT_EQ(shown(target, loop), std::nullopt) << "its own caller";

    EXPECT_EQ(shown(target, target.frame(code, 0, 0xdead)), std::nullopt) << "no memory";
    EXPECT_EQ(shown(target, target.frame(code, 10, main)), std::nullopt) << "past the code's end";
    EXPECT_EQ(shown(target, target.frame(target.text("f"), 0, main)), std::nullopt) << "no code object";
    EXPECT_EQ(shown(target, target.frame(target.code(target.bytes("f"), 1), 0, main)), std::nullopt) << "no name";
    EXPECT_EQ(shown(target, target.frame(code, 0, main, 9)), std::nullopt) << "owned by nobody";
}

/// Bytes of any object replaced by others: read as something or nothing, never past what is there.
TEST_P(Frames, DamagedMemoryIsSurvived) {
    const uint64_t frame = target.frame(target.code("worker", 10), 0, main);
    const auto intact = target.pieces();
    std::minstd_rand random(GetParam());
    for (int round = 0; round < 20'000; ++round) {
        auto piece = target.pieces().begin();
        std::advance(piece, random() % target.pieces().size());
        for (int i = 0; i < 3; ++i) piece->second[random() % piece->second.size()] = static_cast<char>(random());
        EXPECT_LE(shown(target, frame).value_or(Lines{}).size(), 2U);
        target.pieces() = intact;
    }
}

}  // namespace
}  // namespace python
