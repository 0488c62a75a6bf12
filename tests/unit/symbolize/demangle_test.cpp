// SPDX-License-Identifier: Apache-2.0
#include "symbolize/demangle.h"

#include <gtest/gtest.h>

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

TEST(Demangle, LeavesNewerRustNamesAlone) {
    EXPECT_EQ(demangled("_RNvNtNtCsfEOYDRpO4Ta_11miniz_oxide7inflate4core"),
              "_RNvNtNtCsfEOYDRpO4Ta_11miniz_oxide7inflate4core");
}

}  // namespace
