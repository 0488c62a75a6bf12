// SPDX-License-Identifier: Apache-2.0
//
// Orders of locks that could have hung, and those that only look like it.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/gallery/gallery.h"

namespace gallery {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class LockOrders : public GalleryTest {
protected:
    Program program_ = program("inverted_lock_order");

    /// The only finding: nothing is left behind, and the gate passes.
    Json inversion(const std::string& variant) {
        const Json report = report_of_clean(program_, variant);
        EXPECT_THAT(report::verdicts(report), ElementsAre("lock-order possible"));
        return report.at("findings").empty() ? Json::object({{"order", Json::array()}}) : report.at("findings").at(0);
    }
};

INSTANTIATE_TEST_SUITE_P(All, LockOrders, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(LockOrders, OppositeOnesAreToldWithBothPlacesOfEach) {
    const Json finding = inversion("leaky");

    EXPECT_EQ(report::threads_of(finding), (std::set<int>{2, 3}));
    ASSERT_EQ(finding.at("order").size(), 2U);
    for (const Json& edge : finding.at("order")) {
        const bool is_transfer = edge.at("thread") == 2;
        const std::string accounts = program_.site("accounts").function;
        const std::string ledger = program_.site("ledger").function;
        EXPECT_EQ(edge.at("while_holding").at("name"), is_transfer ? accounts : ledger);
        EXPECT_EQ(edge.at("lock").at("name"), is_transfer ? ledger : accounts);
        EXPECT_TRUE(
            report::starts_at(edge.at("held_stack"), program_.site(is_transfer ? "transfer_held" : "audit_held")));
        EXPECT_TRUE(report::starts_at(edge.at("stack"), program_.site(is_transfer ? "transfer_taken" : "audit_taken")));
    }
}

TEST_P(LockOrders, ARingIsToldOnce) {
    const Json finding = inversion("ring");

    EXPECT_EQ(finding.at("order").size(), static_cast<size_t>(program_.thread_count()));
}

TEST_P(LockOrders, ARingIsToldWhereThreadsTakeTurnsOrDoAnyOfIt) {
    for (const char* const variant : {"turns", "pool"}) {
        SCOPED_TRACE(variant);
        EXPECT_EQ(inversion(variant).at("order").size(), 6U);
    }
}

TEST_P(LockOrders, TheLastOfManyThatAThreadHasSeenIsTold) {
    EXPECT_EQ(inversion("many").at("order").size(), 2U);
}

TEST_P(LockOrders, ALockThatOutlivesThoseAroundItIsStillHeld) {
    for (const char* const variant : {"outlived", "chained"}) {
        SCOPED_TRACE(variant);
        EXPECT_EQ(inversion(variant).at("order").size(), 2U);
    }
}

TEST_P(LockOrders, AConditionsMutexIsTakenAgain) {
    const Json finding = inversion("again");

    ASSERT_EQ(finding.at("order").size(), 2U);
    const Json& orders = finding.at("order");
    const auto is_again = [&](const Json& edge) {
        return report::starts_at(edge.at("held_stack"), program_.site("again_held")) &&
               report::starts_at(edge.at("stack"), program_.site("again_taken"));
    };
    EXPECT_EQ(std::count_if(orders.begin(), orders.end(), is_again), 1) << orders;
}

TEST_P(LockOrders, WhatBothOnlyReadIsNoGate) {
    for (const char* const variant : {"read_gated", "once_written"}) {
        SCOPED_TRACE(variant);
        EXPECT_EQ(inversion(variant).at("order").size(), 2U);
    }
}

TEST_P(LockOrders, ThatCannotHangAreNotTold) {
    for (const char* const variant : {"fixed", "scoped", "tries", "timed", "gated", "write_gated", "crowded", "shared",
                                      "alone", "anew", "walked", "refused"}) {
        SCOPED_TRACE(variant);
        expect_clean(program_, variant);
    }
}

class LockClassOrders : public GalleryTest {
protected:
    Program program_ = program("inverted_class_order");

    Json inversion(const std::string& variant) {
        const Json report = report_of_clean(program_, variant);
        EXPECT_THAT(report::verdicts(report), ElementsAre("lock-order possible"));
        return report.at("findings").empty() ? Json::object({{"order", Json::array()}}) : report.at("findings").at(0);
    }
};

INSTANTIATE_TEST_SUITE_P(All, LockClassOrders, testing::ValuesIn(all_builds()), testing::PrintToStringParamName());

TEST_P(LockClassOrders, OppositeOnesOfEmbeddedLocksAreToldWithBothPlacesOfEach) {
    for (const char* const variant : {"leaky", "one_log"}) {
        SCOPED_TRACE(variant);
        const Json finding = inversion(variant);

        EXPECT_EQ(report::threads_of(finding), (std::set<int>{2, 3}));
        ASSERT_EQ(finding.at("order").size(), 2U);
        EXPECT_EQ(finding.at("order_by_class"), true);
        std::set<std::string> customers;
        for (const Json& edge : finding.at("order")) {
            const bool pays_first = edge.at("thread") == 2;
            customers.insert(edge.at(pays_first ? "while_holding" : "lock").at("address"));
            EXPECT_TRUE(report::starts_at(edge.at("held_stack"), program_.site(pays_first ? "pay" : "print")));
            EXPECT_TRUE(report::starts_at(edge.at("stack"), program_.site(pays_first ? "print" : "pay")));
        }
        EXPECT_EQ(customers.size(), 2U) << "of different objects";
    }
}

TEST_P(LockClassOrders, MembersOfAnArraysElementsAreOfOneClass) {
    const Json finding = inversion("books");

    ASSERT_EQ(finding.at("order").size(), 2U);
    const std::string books = program_.site("books").function;
    for (const Json& edge : finding.at("order")) {
        const bool enters = edge.at("thread") == 2;
        EXPECT_EQ(edge.at("while_holding").at("name"), books + (enters ? "[0].entries" : "[1].index"));
        EXPECT_EQ(edge.at("lock").at("name"), books + (enters ? "[0].index" : "[1].entries"));
    }
}

TEST_P(LockClassOrders, WhatOneFunctionMakesIsAlikeWhereverItIsLocked) {
    const Json finding = inversion("made");

    EXPECT_EQ(finding.at("order_by_class"), true);
    ASSERT_EQ(finding.at("order").size(), 2U);
    std::set<std::string> locks;
    for (const Json& edge : finding.at("order")) {
        const std::string first = edge.at("thread") == 2 ? "deposit" : "limits";
        EXPECT_TRUE(report::starts_at(edge.at("held_stack"), program_.site(first + "_held")));
        EXPECT_TRUE(report::starts_at(edge.at("stack"), program_.site(first + "_taken")));
        locks.insert({edge.at("lock").at("address"), edge.at("while_holding").at("address")});
    }
    EXPECT_EQ(locks.size(), 4U) << "of different objects";
    EXPECT_THAT(report::text_of(finding.at("message")), HasSubstr("as both were made at"));
}

TEST_P(LockClassOrders, ThatCannotHangOrMayBeOfOtherKindsAreNotTold) {
    for (const char* const variant : {"fixed", "callbacks", "gated", "offices", "tries", "alone", "addresses", "tree",
                                      "hands", "wrapped", "shared", "made_elsewhere", "made_fixed"}) {
        SCOPED_TRACE(variant);
        expect_clean(program_, variant);
    }
}

}  // namespace
}  // namespace gallery
