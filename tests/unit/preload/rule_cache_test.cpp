// SPDX-License-Identifier: Apache-2.0
#include "preload/stacks/rule_cache.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include "preload/stacks/stack_capture.h"

namespace {

using preload::FrameRow;
using preload::FrameRule;
using preload::Saved;

FrameRow usual_row(uint8_t base, int64_t cfa_offset) {
    FrameRow row{};
    row.cfa = {false, base, 0, cfa_offset};
    row.return_address = {Saved::kAtCfa, 0, -8};
    return row;
}

preload::RegisterRule expression_rule(Saved saved, const uint8_t* bytes, uint32_t size) {
    return {saved, size, static_cast<int64_t>(reinterpret_cast<uintptr_t>(bytes))};
}

TEST(FrameRule, KeepsOffsetsOfAnySize) {
    for (const int64_t cfa : {8, 16, 4096, 300008, -8, 0x7fffffff, -0x7fffffff}) {
        for (const int64_t fp : {-16, -8, 0, 8, -8388608, 8388607}) {
            FrameRow row = usual_row(preload::kRsp, cfa);
            row.fp = {Saved::kAtCfa, 0, fp};
            FrameRule rule;

            ASSERT_TRUE(FrameRule::pack(row, rule));

            EXPECT_EQ(rule.kind(), FrameRule::Kind::kFromStackPointer);
            EXPECT_EQ(rule.cfa_offset(), cfa);
            EXPECT_EQ(rule.frame_pointer(), FrameRule::FramePointer::kAtCfa);
            EXPECT_EQ(rule.fp_offset(), fp);
        }
    }
}

TEST(FrameRule, KnowsTheFrameOfARealignedStack) {
    const uint8_t cfa[] = {0x76, 0x78, 0x06};  // breg6 -8, deref
    const uint8_t fp[] = {0x76, 0x00};         // breg6 0
    FrameRow row = usual_row(preload::kRsp, 0);
    row.cfa = {true, 0, sizeof(cfa), static_cast<int64_t>(reinterpret_cast<uintptr_t>(cfa))};
    row.fp = expression_rule(Saved::kAtExpression, fp, sizeof(fp));
    FrameRule rule;

    ASSERT_TRUE(FrameRule::pack(row, rule));

    EXPECT_EQ(rule.kind(), FrameRule::Kind::kAtFramePointer);
    EXPECT_EQ(rule.cfa_offset(), -8);
    EXPECT_EQ(rule.frame_pointer(), FrameRule::FramePointer::kAtFramePointer);
    EXPECT_EQ(rule.fp_offset(), 0);
}

TEST(FrameRule, RefusesRowsThatDoNotFit) {
    const uint8_t other[] = {0x77, 0x08};  // breg7 8
    std::vector<FrameRow> rows(8, usual_row(preload::kRsp, 16));
    rows[0].cfa.base = 3;  // rbx
    rows[1].cfa.value = int64_t{1} << 31;
    rows[2].return_address.value = -16;
    rows[3].fp = {Saved::kElsewhere, 0, 3};
    rows[4].fp = {Saved::kAtCfa, 0, 1 << 23};
    rows[5].sp = {Saved::kAtCfa, 0, -16};
    rows[6].fp = expression_rule(Saved::kAtExpression, other, sizeof(other));
    rows[7].return_address = {Saved::kSame, 0, 0};
    for (const FrameRow& row : rows) {
        FrameRule rule;
        EXPECT_FALSE(FrameRule::pack(row, rule)) << &row - rows.data();
    }
}

FrameRule rule_with_offset(int64_t offset) {
    FrameRule rule;
    EXPECT_TRUE(FrameRule::pack(usual_row(preload::kRsp, offset), rule));
    return rule;
}

TEST(RuleCache, FindsWhatWasPutIn) {
    preload::forget_code();
    const uint64_t epoch = preload::code_epoch();
    EXPECT_FALSE(preload::cached_rule(0x401000, epoch).is_set());

    preload::cache_rule(0x401000, epoch, rule_with_offset(48));

    EXPECT_EQ(preload::cached_rule(0x401000, epoch).cfa_offset(), 48);
    EXPECT_FALSE(preload::cached_rule(0x401001, epoch).is_set());
}

TEST(RuleCache, ForgetsWithTheCode) {
    const uint64_t epoch = preload::code_epoch();
    preload::cache_rule(0x402000, epoch, rule_with_offset(48));

    preload::forget_code();

    EXPECT_NE(preload::code_epoch(), epoch);
    EXPECT_FALSE(preload::cached_rule(0x402000, preload::code_epoch()).is_set());
}

TEST(RuleCache, TakesNothingWhileCodeIsBeingUnloaded) {
    preload::begin_unload();
    preload::begin_unload();
    preload::end_unload();
    const uint64_t during = preload::code_epoch();
    preload::cache_rule(0x403000, during, rule_with_offset(48));
    EXPECT_FALSE(preload::cached_rule(0x403000, during).is_set());
    preload::end_unload();

    preload::cache_rule(0x404000, during, rule_with_offset(48));  // looked up before, put in after

    EXPECT_FALSE(preload::cached_rule(0x404000, preload::code_epoch()).is_set());
}

/// Rules differ in few bits, as addresses do: without mixing, the key of one entry and the data of
/// another would fit the address where those differences cancel out.
TEST(RuleCache, TakesATornPairForNoAddress) {
    preload::forget_code();
    const uint64_t epoch = preload::code_epoch();
    const uintptr_t address = 0x7f0000405000;
    FrameRow row = usual_row(preload::kRsp, 16);
    row.fp = {Saved::kAtCfa, 0, -16};
    FrameRule one;
    ASSERT_TRUE(FrameRule::pack(row, one));
    preload::detail::CacheEntry& entry = preload::detail::set_of(address).ways[0];
    for (int64_t fp = -4096; fp < 4096; fp += 8) {
        row.fp.value = fp;
        FrameRule other;
        ASSERT_TRUE(FrameRule::pack(row, other));
        if (other.word() == one.word()) continue;
        for (preload::detail::CacheEntry& way : preload::detail::set_of(address).ways) way.data = 0;
        preload::cache_rule(address, epoch, one);
        const uint64_t key = entry.key;
        const uintptr_t between = address ^ one.word() ^ other.word();
        preload::detail::CacheEntry& torn = preload::detail::set_of(between).ways[0];

        torn.key = key;
        torn.data = other.word();

        ASSERT_FALSE(preload::cached_rule(between, epoch).is_set()) << fp;
        torn.data = 0;
    }
}

/// The rule that the test below puts in for an address: any mixture is recognised.
int64_t offset_for(uintptr_t address) {
    return 16 + static_cast<int64_t>(address * 0x9e3779b1U % 4096) * 8;
}

TEST(RuleCache, NeverMixesRulesOfTwoAddressesUnderRaces) {
    constexpr int kRounds = 300'000;
    preload::forget_code();
    const uint64_t epoch = preload::code_epoch();
    std::atomic<int> wrong{0};
    std::atomic<int> hits{0};
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) {
        threads.emplace_back([&, seed] {
            std::minstd_rand random(seed + 1);
            int own_hits = 0;
            for (int i = 0; i < kRounds; ++i) {
                // More addresses than entries, so that they replace each other all the time.
                const uintptr_t address = 0x7f0000001000 + random() % 65536 * 4;
                const FrameRule rule = preload::cached_rule(address, epoch);
                if (!rule.is_set()) {
                    preload::cache_rule(address, epoch, rule_with_offset(offset_for(address)));
                } else {
                    ++own_hits;
                    if (rule.cfa_offset() != offset_for(address)) ++wrong;
                }
            }
            hits += own_hits;
        });
    }
    for (std::thread& thread : threads) thread.join();

    EXPECT_EQ(wrong, 0);
    EXPECT_GT(hits, 1000);
}

}  // namespace
