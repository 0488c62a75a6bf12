// SPDX-License-Identifier: Apache-2.0
#include "unwind/call_sites.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <vector>

namespace {

using unwind::CallSite;

constexpr uint64_t kCode = 0x10000;

/// A page of code, with these bytes right before kCode + 0x100.
class Page {
public:
    explicit Page(const std::vector<unsigned char>& before) : bytes_(4096) {
        std::copy(before.begin(), before.end(), bytes_.begin() + 0x100 - static_cast<long>(before.size()));
    }
    Page& with(size_t at, const std::vector<unsigned char>& code) {
        std::copy(code.begin(), code.end(), bytes_.begin() + static_cast<long>(at));
        return *this;
    }
    CallSite call_of(uint64_t callee) const {
        unwind::Region region{.start = kCode, .end = kCode + 4096, .readable = true, .executable = true};
        unwind::Memory memory({region}, [this](uint64_t address, void* to, size_t bytes) {
            const size_t length = std::min(bytes, bytes_.size() - (address - kCode));
            std::memcpy(to, bytes_.data() + (address - kCode), length);
            return length;
        });
        return unwind::call_before(memory, kCode + 0x100, callee, [](uint64_t start) {
            return start == kCode + 0x300 ? std::optional<uint64_t>(kCode + 0x310) : std::nullopt;
        });
    }

private:
    std::vector<unsigned char> bytes_;
};

TEST(CallSites, NameTheFunctionThatADirectCallGoesTo) {
    const Page page({0xe8, 0x00, 0x01, 0x00, 0x00});
    EXPECT_EQ(page.call_of(kCode + 0x200), CallSite::kDirect);
    EXPECT_EQ(page.call_of(kCode + 0x201), CallSite::kOther);
}

TEST(CallSites, FollowALinkageTableAndAJumpAtAFunctionsEnd) {
    Page linked({0xe8, 0x00, 0x01, 0x00, 0x00});
    linked.with(0x200, {0xf3, 0x0f, 0x1e, 0xfa, 0xf2, 0xff, 0x25, 0xf5, 0x01, 0x00, 0x00});  // slot at 0x400
    linked.with(0x400, {0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0});
    EXPECT_EQ(linked.call_of(0x12345678), CallSite::kDirect);
    EXPECT_EQ(linked.call_of(0x12345679), CallSite::kOther);

    Page jumping({0xe8, 0x00, 0x02, 0x00, 0x00});
    jumping.with(0x304, {0xe9, 0xf7, 0x01, 0x00, 0x00});  // to 0x500
    EXPECT_EQ(jumping.call_of(kCode + 0x500), CallSite::kDirect);
    EXPECT_EQ(jumping.call_of(kCode + 0x501), CallSite::kOther);
}

TEST(CallSites, KnowIndirectCallsOfEveryLength) {
    EXPECT_EQ(Page({0xff, 0xd0}).call_of(1), CallSite::kIndirect);                                // *rax
    EXPECT_EQ(Page({0x41, 0xff, 0xd4}).call_of(1), CallSite::kIndirect);                          // *r12
    EXPECT_EQ(Page({0xff, 0x50, 0x10}).call_of(1), CallSite::kIndirect);                          // *16(rax)
    EXPECT_EQ(Page({0xff, 0x54, 0x24, 0x08}).call_of(1), CallSite::kIndirect);                    // *8(rsp)
    EXPECT_EQ(Page({0xff, 0x15, 1, 2, 3, 4}).call_of(1), CallSite::kIndirect);                    // *slot(rip)
    EXPECT_EQ(Page({0x64, 0xff, 0x14, 0x25, 0x40, 0x06, 0, 0}).call_of(1), CallSite::kIndirect);  // *fs:0x640
    EXPECT_EQ(Page({0xff, 0xe0}).call_of(1), CallSite::kNone) << "a jump";
    EXPECT_EQ(Page({0x90}).call_of(1), CallSite::kNone);
}

}  // namespace
