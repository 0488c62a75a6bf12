// SPDX-License-Identifier: Apache-2.0
#include "symbolize/demangle.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace {

using symbolize::demangled;

TEST(Demangle, GivesCppNamesTheirParameters) {
    EXPECT_EQ(demangled("_ZN4Bank8transferEii"), "Bank::transfer(int, int)");
    EXPECT_EQ(demangled("_ZN12_GLOBAL__N_16g_lockE"), "(anonymous namespace)::g_lock");
    EXPECT_EQ(demangled("_ZZ1fvE4lock"), "f()::lock");
}

TEST(Demangle, LeavesOtherNamesAlone) {
    EXPECT_EQ(demangled("main"), "main");
    EXPECT_EQ(demangled(""), "");
    EXPECT_EQ(demangled("main.worker"), "main.worker");
    EXPECT_EQ(demangled(".hidden"), ".hidden");
    EXPECT_EQ(demangled("_Z"), "_Z");
    EXPECT_EQ(demangled("_ZN4Bank"), "_ZN4Bank");
}

TEST(Demangle, RemovesVersionsAndWhatMarksACopy) {
    EXPECT_EQ(demangled("pthread_join@@GLIBC_2.34"), "pthread_join");
    EXPECT_EQ(demangled("flush.part.0"), "flush");
    EXPECT_EQ(demangled("flush.constprop.0.isra.0.cold"), "flush");
    EXPECT_EQ(demangled("lock.1234"), "lock");
    EXPECT_EQ(demangled("_ZN4Bank8transferEii.cold"), "Bank::transfer(int, int)");
    EXPECT_EQ(demangled("_ZN4Bank8transferEii.unheard_of"), "Bank::transfer(int, int)");
}

TEST(Demangle, ReadsOlderRustNamesWithoutTheirHash) {
    EXPECT_EQ(demangled("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
    EXPECT_EQ(demangled("_ZN29_$LT$m..A$u20$as$u20$m..T$GT$2go17h29c05777d5d5b591E"), "<m::A as m::T>::go");
    EXPECT_EQ(demangled("_ZN1m4main28_$u7b$$u7b$closure$u7d$$u7d$17h0123456789abcdefE"), "m::main::{{closure}}");
}

TEST(Demangle, ReadsNewerRustNamesWithoutTheirHashes) {
    EXPECT_EQ(demangled("_RNvNtNtCsfEOYDRpO4Ta_11miniz_oxide7inflate4core3run"), "miniz_oxide::inflate::core::run");
    EXPECT_EQ(demangled("_RNvNtCslNYArtu3iFV_5bench3pay4LOCK"), "bench::pay::LOCK");
    EXPECT_EQ(demangled("_RNvNtCslNYArtu3iFV_5bench3pay4LOCK.llvm.1234"), "bench::pay::LOCK");
    EXPECT_EQ(demangled("_RNCNvCs1234_7mycrate4main0"), "mycrate::main::{{closure}}");
    EXPECT_EQ(demangled("_RNvXC7mycrateNtC7mycrate1ANtC7mycrate1T2go"), "<mycrate::A as mycrate::T>::go");
    EXPECT_EQ(demangled("_RNvMC7mycrateINtC7mycrate4BankyE3run"), "mycrate::Bank<u64>::run");
    EXPECT_EQ(demangled("_RNvMC4coreSh4iter"), "<[u8]>::iter");
    EXPECT_EQ(demangled("_RINvC7mycrate3cstKln7_Kb1_Kc78_EB2_"), "mycrate::cst<-7, true, 'x'>");
    EXPECT_EQ(demangled("_RINvC7mycrate3cstKc1b_E"), "mycrate::cst<'\\u{1b}'>");
    EXPECT_EQ(demangled("_RNvNtCshhNdl82Kjmm_1gu9gre_6ka8iu9strae_oqa"), "g::gr\u00f6\u00dfe::stra\u00dfe");
}

TEST(Demangle, ReadsTypesInNewerRustNames) {
    const auto argument = [](const std::string& type) { return demangled("_RINvC1c1f" + type + "E"); };
    EXPECT_EQ(argument("TRhQjE"), "c::f<(&u8, &mut usize)>");
    EXPECT_EQ(argument("TmE"), "c::f<(u32,)>");
    EXPECT_EQ(argument("Ahj10_"), "c::f<[u8; 16]>");
    EXPECT_EQ(argument("POu"), "c::f<*const *mut ()>");
    EXPECT_EQ(argument("FUKCmEu"), "c::f<unsafe extern \"C\" fn(u32)>");
    EXPECT_EQ(argument("DINtC1c2FnTEEp6OutputuNtC1c4SendEL_"), "c::f<dyn c::Fn<(), Output = ()> + c::Send>");
    EXPECT_EQ(argument("NtB2_1AB7_"), "c::f<c::A, c::A>");
}

/// Of places in a name from 1 on.
std::string base_62(size_t place) {
    constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const size_t value = place - 1;
    return (value < 62 ? "" : std::string(1, kDigits[value / 62])) + kDigits[value % 62];
}

TEST(Demangle, LeavesDamagedAndEndlessRustNamesAlone) {
    const std::string whole = "_RINvNtC7mycrate3payFUKCmEu3runNtB3_1AE";
    for (size_t length = 0; length < whole.size(); ++length) demangled(whole.substr(0, length));
    for (const std::string damaged : {"_R", "_RN", "_RNvC9short", "_RNvB_1a", "_R0", "_RC1cX", "_RINvC1c1fB5_E",
                                      "_RINvC1c1fKcd800_E", "_RINvC1c1fKc110000_E"}) {
        const std::string name = demangled(damaged);
        EXPECT_TRUE(name == damaged || damaged == "_RC1cX") << name;
    }
    // Each tuple has the one before many times.
    std::string endless = "INvC1c1f";
    std::string last = "u";
    for (int i = 0; i < 12; ++i) {
        const size_t place = endless.size();
        endless += "T";
        for (int times = 0; times < 6; ++times) endless += last;
        endless += "E";
        last = "B" + base_62(place) + "_";
    }
    EXPECT_EQ(demangled("_R" + endless + "E").substr(0, 2), "_R");
    // What is referred to says one letter, and is long.
    std::string long_winded = "_RINvCs" + std::string(3'000'000, '0') + "_1a1b";
    for (int times = 0; times < 1000; ++times) long_winded += "B2_";
    EXPECT_EQ(demangled(long_winded + "E").substr(0, 2), "_R");
    EXPECT_EQ(demangled("_RINvC1c1f" + std::string(100'000, 'R') + "hE").substr(0, 2), "_R");
}

}  // namespace
