// SPDX-License-Identifier: Apache-2.0
//
// Addresses of code to functions, files, lines and inlined calls.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/symbolize/bank.h"

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::string kRecord = "void (*)(char const*, void const*)";

/// The same code, built in different ways; build-ids are not compared here.
class Code : public testing::TestWithParam<const char*> {
protected:
    std::vector<std::string> frames_at(const std::string& site) const {
        const bank::Library library(GetParam());
        return bank::named_frames(bank::with_frame(bank::built(GetParam()), "", library.sites.at(site)));
    }
};

TEST_P(Code, IsNamedWithParametersFileAndLine) {
    EXPECT_THAT(frames_at("deposit"),
                ElementsAre("bank::Account::deposit(int, " + kRecord + ") " + bank::marked("deposit")));
    EXPECT_THAT(frames_at("sort_all"),
                ElementsAre("void bank::sort_all<long>(long, " + kRecord + ") " + bank::marked("sort_all")));
}

TEST_P(Code, OfStaticFunctionsIsNamedWithScopesToo) {
    EXPECT_THAT(frames_at("audit"), ElementsAre("bank::audit(long, " + kRecord + ") " + bank::marked("audit")));
}

TEST_P(Code, OfCFunctionsIsNamedWithoutParameters) {
    EXPECT_THAT(frames_at("plain_c"), ElementsAre("plain_c_function " + bank::marked("plain_c")));
    EXPECT_THAT(frames_at("hidden_c"), ElementsAre("hidden_c_function " + bank::marked("hidden_c")));
}

TEST_P(Code, OfAFunctionWithAnInnerAndAPublicNameHasThePublicOne) {
    EXPECT_THAT(frames_at("inner_c"), ElementsAre("public_c_function " + bank::marked("inner_c")));
}

TEST_P(Code, OfInlinedCallsComesInnermostFirstWithTheLineOfEachCall) {
    EXPECT_THAT(frames_at("innermost"),
                ElementsAre("inlined bank::(anonymous namespace)::innermost(char const* const&, " + kRecord + ") " +
                                bank::marked("innermost"),
                            "inlined bank::(anonymous namespace)::middle(" + kRecord + ") " + bank::marked("middle"),
                            "bank::outer(" + kRecord + ") " + bank::marked("outer")));
}

TEST_P(Code, OfInlinedMembersIsNamedAsIfItWereNotInlined) {
    EXPECT_THAT(frames_at("check"),
                ElementsAre("inlined bank::Account::check(" + kRecord + ") const " + bank::marked("check"),
                            "bank::checked(bank::Account const&, " + kRecord + ") " + bank::marked("checked")));
}

TEST_P(Code, OfInlinedLambdasIsNamedByTheFunctionAround) {
    EXPECT_THAT(frames_at("lambda"),
                ElementsAre("inlined bank::with_lambda(" + kRecord + ")::{lambda(int)}::operator()(int) const " +
                                bank::marked("lambda"),
                            "bank::with_lambda(" + kRecord + ") " + bank::marked("with_lambda")));
}

TEST_P(Code, IsThatOfTheCallWhenTheReturnAddressIsBeyondTheFunction) {
    EXPECT_THAT(frames_at("leaving"), ElementsAre("bank::leaving(" + kRecord + ") " + bank::marked("leaving")));
}

INSTANTIATE_TEST_SUITE_P(Builds, Code,
                         testing::Values("bank_o0.so", "bank_o2.so", "bank_dwarf4.so", "bank_compressed.so",
                                         "bank_split.so"),
                         bank::build_name);

TEST(Frame, KeepsAddressModuleAndOffsetInEveryInlinedCall) {
    const bank::Library library("bank_o2.so");
    const uint64_t offset = library.sites.at("innermost");
    auto snapshot = bank::with_frame(bank::built("bank_o2.so"), bank::kIdO2, offset);
    const snapshot::Frame before = snapshot.stacks.at(1).frames.at(0);

    symbolize::Symbolizer().name(snapshot);

    ASSERT_EQ(snapshot.stacks.at(1).frames.size(), 3u);
    for (const snapshot::Frame& frame : snapshot.stacks.at(1).frames) {
        EXPECT_EQ(frame.address, before.address);
        EXPECT_EQ(frame.module, before.module);
        EXPECT_EQ(frame.build_id, before.build_id);
        EXPECT_EQ(frame.offset, offset);
        EXPECT_TRUE(frame.is_return_address);
    }
}

TEST(Frame, ThatIsNoReturnAddressIsLookedUpWhereItIs) {
    const bank::Library library("bank_o2.so");
    auto entry = bank::with_frame(bank::built("bank_o2.so"), bank::kIdO2, library.sites.at("leaving"));
    entry.stacks.at(1).frames.at(0).is_return_address = false;

    const auto frames = bank::named_frames(entry);

    // Whatever comes after: another function or none.
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].find("leaving"), std::string::npos) << frames[0];
}

TEST(Frame, IsNamedOnceHoweverOftenTheSnapshotIs) {
    const bank::Library library("bank_o2.so");
    auto snapshot = bank::with_frame(bank::built("bank_o2.so"), bank::kIdO2, library.sites.at("innermost"));
    symbolize::Symbolizer symbolizer;
    symbolizer.name(snapshot);
    const auto once = bank::shown(snapshot.stacks.at(1));
    ASSERT_EQ(once.size(), 3u);

    symbolizer.name(snapshot);

    EXPECT_EQ(bank::shown(snapshot.stacks.at(1)), once);
}

TEST(Frame, OfASecondSnapshotIsNamedLikeTheFirst) {
    const bank::Library library("bank_o2.so");
    auto first = bank::with_frame(bank::built("bank_o2.so"), bank::kIdO2, library.sites.at("innermost"));
    auto second = first;
    symbolize::Symbolizer symbolizer;

    symbolizer.name(first);
    symbolizer.name(second);

    EXPECT_EQ(first.stacks.at(1).frames.size(), 3u);
    EXPECT_EQ(bank::shown(first.stacks.at(1)), bank::shown(second.stacks.at(1)));
}

TEST(Frame, WithoutDebugInformationIsNamedBySymbol) {
    const bank::Library library("bank_o2_stripped.so");
    const std::string path = bank::built("bank_o2_stripped.so");

    // Exported: in .dynsym.
    EXPECT_THAT(bank::named_frames(bank::with_frame(path, bank::kIdO2, library.sites.at("deposit"))),
                ElementsAre("bank::Account::deposit(int, " + kRecord + ")"));
    EXPECT_THAT(bank::named_frames(bank::with_frame(path, bank::kIdO2, library.sites.at("inner_c"))),
                ElementsAre("public_c_function"));
    // Static: its symbol is gone, and the one before does not reach that far.
    EXPECT_THAT(bank::named_frames(bank::with_frame(path, bank::kIdO2, library.sites.at("audit"))), ElementsAre(""));
}

TEST(Frame, WithItsSplitDebugInformationGoneHasFunctionAndLineLeft) {
    const bank::Folder folder;
    // The .dwo files are found by the path in the module: damage that.
    const std::string path = folder.put("bank_split.so", "bank.so");
    std::string bytes;
    {
        std::ifstream file(path, std::ios::binary);
        bytes.assign(std::istreambuf_iterator<char>(file), {});
    }
    for (size_t at = bytes.find(".dwo"); at != std::string::npos; at = bytes.find(".dwo", at)) bytes[at + 3] = 'x';
    std::ofstream(path, std::ios::binary) << bytes;
    const bank::Library library("bank_split.so");

    const auto frames = bank::named_frames(bank::with_frame(path, "", library.sites.at("deposit")));

    EXPECT_THAT(frames, ElementsAre("bank::Account::deposit(int, " + kRecord + ") " + bank::marked("deposit")));
}

TEST(Frame, OutsideOfEverythingStaysAsItIs) {
    const std::string path = bank::built("bank_o2.so");

    EXPECT_THAT(bank::named_frames(bank::with_frame(path, bank::kIdO2, 0)), ElementsAre(""));
    EXPECT_THAT(bank::named_frames(bank::with_frame(path, bank::kIdO2, 1)), ElementsAre(""));
    EXPECT_THAT(bank::named_frames(bank::with_frame(path, bank::kIdO2, UINT64_MAX)), ElementsAre(""));
    EXPECT_THAT(bank::named_frames(bank::with_frame("", "", 0x1000)), ElementsAre(""));
    EXPECT_THAT(bank::named_frames(bank::with_frame("[vdso]", "", 0x1000)), ElementsAre(""));
    EXPECT_THAT(bank::named_frames({.stacks = {{}, {}}}), IsEmpty());
}

}  // namespace
