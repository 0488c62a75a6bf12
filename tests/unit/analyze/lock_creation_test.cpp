// SPDX-License-Identifier: Apache-2.0
//
// Orders of locks that are of one class because one call has initialized them.
#include <gtest/gtest.h>

#include "analyze/lock_class_order.h"
#include "class_orders.h"
#include "shown.h"

namespace analyze {
namespace {

using snapshot::LockOrder;

/// T2 has the entries of one book and takes its index, T3 the index of another one and takes its entries: in functions
/// that have nothing in common, but both books were made by one.
struct Books : ClassOrderSnapshot {
    const Frames entries_made = {frame("make_book()", "book.cpp", 5), frame("work()", "work.cpp", 3)};
    const Frames index_made = {frame("make_book()", "book.cpp", 6), frame("work()", "work.cpp", 3)};

    Books() {
        add(2, mutex(0x1000), {frame("enter(Book*)", "book.cpp", 20), kTeller}, mutex(0x1800),
            {frame("enter(Book*)", "book.cpp", 21), kTeller});
        make(entries_made, index_made);
        add(3, mutex(0x2800), {frame("look_up(Book*)", "book.cpp", 30), kAuditor}, mutex(0x2000),
            {frame("look_up(Book*)", "book.cpp", 31), kAuditor});
        make(index_made, entries_made);
    }
    void make(const Frames& held, const Frames& taken) {
        last().held_made_at = stack(held);
        last().made_at = stack(taken);
    }
};

TEST(LockCreation, WhatOneCallHasInitializedIsOfOneClassWhereverItIsAcquired) {
    const Analysis analysis = analyze(Books().build());

    EXPECT_EQ(shown(analysis), Lines{"possible lock-order: T2 T3"});
    EXPECT_EQ(messages(analysis),
              Lines{"locks of the same classes, though not the same locks, are taken in opposite orders by T2 and T3: "
                    "mutex 0x1000 before mutex 0x1800 and mutex 0x2800 before mutex 0x2000; mutex 0x1800 is of the "
                    "class of mutex 0x2800, as both were made at make_book() and mutex 0x2000 is of the class of mutex "
                    "0x1000, as both were made at make_book()"});
    EXPECT_TRUE(analysis.findings.at(0).order_by_class);
}

TEST(LockCreation, WhatMakesLocksForItsCallersMakesUnrelatedOnes) {
    Books books;
    books.make(books.index_made, {books.entries_made.front(), frame("other_work()", "work.cpp", 13)});
    EXPECT_EQ(books.judged(), Lines{});

    Books unknown;
    unknown.last().held_made_at = 0;
    EXPECT_EQ(unknown.judged(), Lines{});

    // Whoever is far out of it makes no other class of it.
    Books far;
    for (const Frames& outer : {Frames{frame("one()", "work.cpp", 1)}, Frames{frame("two()", "work.cpp", 2)}}) {
        const bool is_first = outer.front().line == 1;
        LockOrder& order = is_first ? far.snapshot().lock_orders.front() : far.last();
        const auto made = [&](Frames frames) {
            frames.push_back(frame("serve()", "work.cpp", 9));
            frames.push_back(outer.front());
            return far.stack(frames);
        };
        order.held_made_at = made(is_first ? far.entries_made : far.index_made);
        order.made_at = made(is_first ? far.index_made : far.entries_made);
    }
    EXPECT_EQ(far.judged(), Lines{"possible lock-order: T2 T3"});
}

TEST(LockCreation, LocksThatWereMadeTogetherMayBeAHierarchy) {
    Books books;
    books.add(4, mutex(0x3000), {frame("move(Book*)", "book.cpp", 40), kAuditor}, mutex(0x4000),
              {frame("move(Book*)", "book.cpp", 41), kAuditor});
    books.make(books.entries_made, books.entries_made);
    EXPECT_EQ(books.judged(), Lines{});
}

TEST(LockCreation, WhatIsNestedByItsPlaceIsSoByWhereItWasMade) {
    Books books;
    LockOrder& first = books.snapshot().lock_orders.front();
    books.add(4, mutex(0x7000), {frame("enter(Book*)", "book.cpp", 20), kTeller}, mutex(0x7800),
              {frame("enter(Book*)", "book.cpp", 20), frame("enter(Book*)", "book.cpp", 22), kTeller});
    EXPECT_NE(first.made_at, 0U);
    EXPECT_EQ(books.judged(), Lines{});
}

TEST(LockCreation, WhatBothPlaceAndMakerTellIsToldOnce) {
    Bank bank;
    const Frames account_made = {frame("Account::Account()", "account.cpp", 2)};
    const Frames log_made = {frame("Log::Log()", "log.cpp", 2)};
    for (LockOrder& order : bank.snapshot().lock_orders) {
        const bool has_account = order.thread == 2;
        order.held_made_at = bank.stack(has_account ? account_made : log_made);
        order.made_at = bank.stack(has_account ? log_made : account_made);
    }

    EXPECT_EQ(bank.judged(), Lines{"possible lock-order: T2 T3"});
}

}  // namespace
}  // namespace analyze
