// SPDX-License-Identifier: Apache-2.0
//
// Customers and their statements, each with a lock embedded in it. One thread locks a customer and then a statement,
// the next one another statement and then another customer: no two locks are ever taken both ways, their classes are.
// one_log: a statement that all customers have. books: members of an array's elements, locked by other functions. The
// other variants must stay silent: fixed: customer before statement, always. callbacks, wrapped: what locks for its
// callers does so for unrelated locks. gated: one lock around both. offices: that of the office which both belong to.
// tries: the second lock is only tried. alone: one thread does all. addresses: the lock at the lower address comes
// first. tree: nodes of two kinds, parent before child. hands: the same, each parent let go when its child is locked.
// shared: all read. made: accounts on the heap, whose two locks are locked by functions that have nothing in common:
// only where their locks were initialized makes them alike. made_elsewhere: one function initializes locks for all, and
// they are not alike. made_fixed: one order.
#include <pthread.h>

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "tests/gallery/one_after_the_other.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

int g_booked = 0;

void with_lock(std::mutex& mutex, const std::function<void()>& work) {
    const std::lock_guard lock(mutex);
    work();
    ++g_booked;
}

void in_section(std::mutex& mutex, const std::function<void()>& work) {
    const std::lock_guard lock(mutex);
    work();
    ++g_booked;
}

struct Customer;

struct Statement {
    std::mutex mutex;
    void print(Customer* customer, bool tries);
};

struct Customer {
    std::mutex mutex;
    void pay(Statement* statement);
    void pay_if_free();
};

void Customer::pay(Statement* statement) {
    const std::lock_guard lock(mutex);  // SITE(pay) Customer::pay
    ++g_booked;
    if (statement != nullptr) statement->print(nullptr, false);  // SITE(pay_prints) Customer::pay
    ++g_booked;
}

void Customer::pay_if_free() {
    const std::unique_lock lock(mutex, std::try_to_lock);
    if (lock.owns_lock()) ++g_booked;
}

void Statement::print(Customer* customer, bool tries) {
    const std::lock_guard lock(mutex);  // SITE(print) Statement::print
    ++g_booked;
    if (customer != nullptr && tries) customer->pay_if_free();
    if (customer != nullptr && !tries) customer->pay(nullptr);  // SITE(print_pays) Statement::print
    ++g_booked;
}

struct Office {
    std::mutex mutex;
    Customer customer;
    Statement statement;
    void open(bool pays_first) {
        const std::lock_guard lock(mutex);
        pays_first ? customer.pay(&statement) : statement.print(&customer, false);
        ++g_booked;
    }
};

struct Book {
    std::mutex entries;
    std::mutex index;
};
Book g_books[2];  // SITE(books) g_books
std::mutex g_gate;

void enter(Book& book) {
    const std::lock_guard entries(book.entries);
    const std::lock_guard index(book.index);
    ++g_booked;
}

void look_up(Book& book) {
    const std::lock_guard index(book.index);
    const std::lock_guard entries(book.entries);
    ++g_booked;
}

struct Group {
    std::mutex mutex;
    struct Shape* child = nullptr;
    void draw();
    void draw_hand_over_hand(std::unique_lock<std::mutex> parent);
};

struct Shape {
    std::mutex mutex;
    Group* child = nullptr;
    void draw();
    void draw_hand_over_hand(std::unique_lock<std::mutex> parent);
};

void Group::draw() {
    const std::lock_guard lock(mutex);
    if (child != nullptr) child->draw();
    ++g_booked;
}

void Shape::draw() {
    const std::lock_guard lock(mutex);
    if (child != nullptr) child->draw();
    ++g_booked;
}

void Group::draw_hand_over_hand(std::unique_lock<std::mutex> parent) {
    std::unique_lock<std::mutex> lock(mutex);
    if (parent.owns_lock()) parent.unlock();
    if (child != nullptr) child->draw_hand_over_hand(std::move(lock));
    ++g_booked;
}

void Shape::draw_hand_over_hand(std::unique_lock<std::mutex> parent) {
    std::unique_lock<std::mutex> lock(mutex);
    if (parent.owns_lock()) parent.unlock();
    if (child != nullptr) child->draw_hand_over_hand(std::move(lock));
    ++g_booked;
}

/// Group and shape in turn; each thread draws one of its own.
struct Picture {
    static constexpr int kDepth = 4;
    Group groups[kDepth];
    Shape shapes[kDepth];
    Picture() {
        for (int i = 0; i < kDepth; ++i) {
            groups[i].child = &shapes[i];
            if (i + 1 < kDepth) shapes[i].child = &groups[i + 1];
        }
    }
};

class Monitor {
public:
    void enter();
    void leave();

private:
    std::mutex mutex_;
};
void __attribute__((noinline)) Monitor::enter() {
    mutex_.lock();
    ++g_booked;
}
void Monitor::leave() {
    mutex_.unlock();
}

class Section {
public:
    void begin();
    void end();

private:
    std::mutex mutex_;
};
void __attribute__((noinline)) Section::begin() {
    mutex_.lock();
    ++g_booked;
}
void Section::end() {
    mutex_.unlock();
}

struct Wrapped {
    Monitor monitor;
    Section section;
};

void sections_in_monitor(Wrapped& wrapped) {
    wrapped.monitor.enter();
    wrapped.section.begin();
    wrapped.section.end();
    wrapped.monitor.leave();
}

void monitors_in_section(Wrapped& wrapped) {
    wrapped.section.begin();
    wrapped.monitor.enter();
    wrapped.monitor.leave();
    wrapped.section.end();
}

struct Names {
    std::shared_mutex mutex;
    void read(struct Places* places);
};
struct Places {
    std::shared_mutex mutex;
    void read(Names* names);
};
void Names::read(Places* places) {
    const std::shared_lock lock(mutex);
    if (places != nullptr) places->read(nullptr);
    ++g_booked;
}
void Places::read(Names* names) {
    const std::shared_lock lock(mutex);
    if (names != nullptr) names->read(nullptr);
    ++g_booked;
}

struct Account {
    pthread_mutex_t balance;
    char history[4096];  // so that the two are not known to be of one object by their distance
    pthread_mutex_t limits;
};

std::vector<Account*> g_accounts;

void initialize(pthread_mutex_t& mutex) {
    pthread_mutex_init(&mutex, nullptr);
    ++g_booked;
}

Account* make_account() {
    auto* const account = new Account;
    initialize(account->balance);
    initialize(account->limits);
    return account;
}

void deposit(Account& account) {
    pthread_mutex_lock(&account.balance);  // SITE(deposit_held) deposit
    pthread_mutex_lock(&account.limits);   // SITE(deposit_taken) deposit
    ++g_booked;
    pthread_mutex_unlock(&account.limits);
    pthread_mutex_unlock(&account.balance);
}
// WRAP(deposit)

void set_limits(Account& account) {
    pthread_mutex_lock(&account.limits);   // SITE(limits_held) set_limits
    pthread_mutex_lock(&account.balance);  // SITE(limits_taken) set_limits
    ++g_booked;
    pthread_mutex_unlock(&account.balance);
    pthread_mutex_unlock(&account.limits);
}
// WRAP(set_limits)

/// Each works on one of its own, which stays.
void book(bool sets_limits) {
    Account* const account = make_account();
    sets_limits ? set_limits(*account) : deposit(*account);
    g_accounts.push_back(account);
}

/// What it makes is not what is made for accounts.
void book_elsewhere() {
    auto* const account = new Account;
    initialize(account->limits);
    initialize(account->balance);
    set_limits(*account);
    g_accounts.push_back(account);
}

void by_address(Customer& customer, Statement& statement) {
    if (static_cast<void*>(&customer) < static_cast<void*>(&statement)) {
        customer.pay(&statement);
    } else {
        statement.print(&customer, false);
    }
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    const auto offices = std::make_unique<Office[]>(4);
    Office& one = offices[0];
    Office& other = offices[1];
    if (variant == "leaky") {
        one_after_the_other([&] { one.customer.pay(&one.statement); },
                            [&] { other.statement.print(&other.customer, false); });
    } else if (variant == "fixed") {
        one_after_the_other([&] { one.customer.pay(&one.statement); }, [&] { other.customer.pay(&other.statement); });
    } else if (variant == "one_log") {
        Statement statement;
        one_after_the_other([&] { one.customer.pay(&statement); }, [&] { statement.print(&other.customer, false); });
    } else if (variant == "books") {
        one_after_the_other([] { enter(g_books[0]); }, [] { look_up(g_books[1]); });
    } else if (variant == "callbacks") {
        std::mutex first, second, third, fourth;
        one_after_the_other([&] { with_lock(first, [&] { in_section(second, [] {}); }); },
                            [&] { in_section(fourth, [&] { with_lock(third, [] {}); }); });
    } else if (variant == "gated") {
        one_after_the_other(
            [&] {
                const std::lock_guard gate(g_gate);
                one.customer.pay(&one.statement);
            },
            [&] {
                const std::lock_guard gate(g_gate);
                other.statement.print(&other.customer, false);
            });
    } else if (variant == "offices") {
        one_after_the_other([&] { one.open(true); }, [&] { other.open(false); });
    } else if (variant == "tries") {
        one_after_the_other([&] { one.customer.pay(&one.statement); },
                            [&] { other.statement.print(&other.customer, true); });
    } else if (variant == "alone") {
        one_after_the_other(
            [&] {
                one.customer.pay(&one.statement);
                other.statement.print(&other.customer, false);
            },
            [] {});
    } else if (variant == "addresses") {
        one_after_the_other([&] { by_address(offices[0].customer, offices[1].statement); },
                            [&] { by_address(offices[3].customer, offices[2].statement); });
    } else if (variant == "tree" || variant == "hands") {
        const bool is_tree = variant == "tree";
        Picture pictures[2];
        const auto draw = [&](Picture& picture) {
            is_tree ? picture.groups[0].draw() : picture.groups[0].draw_hand_over_hand({});
        };
        const auto draw_part = [&](Picture& picture) {
            is_tree ? picture.shapes[0].draw() : picture.shapes[0].draw_hand_over_hand({});
        };
        one_after_the_other([&] { draw(pictures[0]); }, [&] { draw_part(pictures[1]); });
    } else if (variant == "wrapped") {
        Wrapped wrapped[2];
        one_after_the_other([&] { sections_in_monitor(wrapped[0]); }, [&] { monitors_in_section(wrapped[1]); });
    } else if (variant == "made") {
        one_after_the_other([] { book(false); }, [] { book(true); });
    } else if (variant == "made_elsewhere") {
        one_after_the_other([] { book(false); }, [] { book_elsewhere(); });
    } else if (variant == "made_fixed") {
        one_after_the_other([] { book(false); }, [] { book(false); });
    } else if (variant == "shared") {
        Names names[2];
        Places places[2];
        one_after_the_other([&] { names[0].read(&places[0]); }, [&] { places[1].read(&names[1]); });
    } else {
        return no_such_variant();
    }
    return g_booked > 0 ? 0 : 1;
}
