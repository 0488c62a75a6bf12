// SPDX-License-Identifier: Apache-2.0
//
// Addresses of data to names of globals and their members.
#include <gtest/gtest.h>

#include "tests/unit/symbolize/bank.h"

namespace {

class Object : public testing::TestWithParam<const char*> {};

TEST_P(Object, IsNamedByItsSymbolAndTheMembersDownToTheLock) {
    const bank::Library library(GetParam());
    ASSERT_GE(library.objects.size(), 19u);

    for (const auto& [name, address] : library.objects) {
        EXPECT_EQ(bank::named_mutex(bank::with_mutex(bank::built(GetParam()), "", address)), name);
    }
}

INSTANTIATE_TEST_SUITE_P(Builds, Object,
                         testing::Values("bank_o0.so", "bank_o2.so", "bank_dwarf4.so", "bank_compressed.so",
                                         "bank_split.so"),
                         bank::build_name);

TEST(GlobalLock, WithoutDebugInformationIsSymbolAndOffset) {
    const bank::Library library("bank_o2_stripped.so");
    const std::string path = bank::built("bank_o2_stripped.so");
    const uint64_t rows = library.objects.at("bank::g_rows[0]");

    EXPECT_EQ(bank::named_mutex(bank::with_mutex(path, bank::kIdO2, library.objects.at("bank::g_ledger"))),
              "bank::g_ledger");
    EXPECT_EQ(bank::named_mutex(bank::with_mutex(path, bank::kIdO2, rows)), "bank::g_rows");
    EXPECT_EQ(bank::named_mutex(bank::with_mutex(path, bank::kIdO2, rows + 40)), "bank::g_rows+0x28");
}

TEST(GlobalLock, OfAStrippedModuleIsNamedByTheSymbolsOfItsDebugFile) {
    const bank::Library library("bank_o2_linked.so");
    const std::string path = bank::built("bank_o2_linked.so");

    for (const auto& [name, address] : library.objects) {
        EXPECT_EQ(bank::named_mutex(bank::with_mutex(path, bank::kIdO2, address)), name);
    }
}

TEST(GlobalLock, IsNamedWhereverAThreadHasIt) {
    const bank::Library library("bank_o2.so");
    auto snapshot = bank::with_mutex(bank::built("bank_o2.so"), bank::kIdO2, library.objects.at("bank::g_ledger"));
    snapshot::Thread& thread = snapshot.threads.at(0);
    const snapshot::Object lock = thread.holds.at(0).lock;
    thread.wait = snapshot::Wait{.object = lock, .mutex = lock};

    symbolize::Symbolizer().name(snapshot);

    EXPECT_EQ(thread.wait->object.name, "bank::g_ledger");
    EXPECT_EQ(thread.wait->mutex.name, "bank::g_ledger");
    EXPECT_EQ(thread.holds.at(0).lock.name, "bank::g_ledger");
}

TEST(GlobalLock, OnHeapOrStackOrNowhereHasNoName) {
    const bank::Library library("bank_o2.so");
    const std::string path = bank::built("bank_o2.so");
    const auto snapshot = bank::with_mutex(path, bank::kIdO2, library.objects.at("bank::g_ledger"));
    auto outside = snapshot;
    outside.modules.at(0).end = outside.modules.at(0).start;
    auto nowhere = snapshot;
    nowhere.threads.at(0).holds.at(0).lock.address = 0;

    EXPECT_EQ(bank::named_mutex(outside), "");
    EXPECT_EQ(bank::named_mutex(nowhere), "");
    EXPECT_EQ(bank::named_mutex(bank::with_mutex(path, bank::kIdO2, 0xfffff0)), "");
    EXPECT_EQ(bank::named_mutex(bank::with_mutex(path, bank::kIdO0, library.objects.at("bank::g_ledger"))), "");
}

}  // namespace
