// SPDX-License-Identifier: Apache-2.0
//
// Two locks are taken in opposite orders, by one thread after the other, so that nothing hangs this time.
// ring: kThreads locks, each thread taking one and then the next. turns: the same, again and again, in turn. pool: a
// few threads do it for all, not one after the other. many: the last of many orders that a thread has seen is one.
// outlived: one lock is held longer than two that were taken before it. again: the mutex of a condition is taken again
// while another lock is held, which alone goes against the order. chained: in a long chain, each lock is taken before
// the last is let go. The other variants must stay silent: fixed: the same order. scoped: std::scoped_lock in opposite
// orders. tries: the second lock is only tried. gated: a third lock is held around both. write_gated: one of them
// writes it, the other reads. crowded: of five around one of them, one is there each time. shared: both orders read.
// alone: one thread does both. anew: between the two, one of the locks has become another. timed: with a bound on the
// wait. walked: a ring buffer, of which each part is locked while the one before is. refused: a wait for a condition
// has a bound that is none. No gate is what both read (read_gated), nor what one of them wrote at first only
// (once_written).
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include "tests/gallery/one_after_the_other.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

constexpr int kThreads = 5;

std::timed_mutex g_accounts;  // SITE(accounts) g_accounts
std::timed_mutex g_ledger;    // SITE(ledger) g_ledger
std::mutex g_gate;
std::shared_mutex g_plan;
std::array<std::mutex, 5> g_crowd;
std::shared_mutex g_names;
std::shared_mutex g_places;
pthread_mutex_t g_first = PTHREAD_MUTEX_INITIALIZER;
pthread_mutex_t g_second = PTHREAD_MUTEX_INITIALIZER;
std::array<std::mutex, kThreads> g_ring;
constexpr int kParts = 6;
std::array<pthread_mutex_t, kParts> g_parts;
std::atomic<int> g_part{0};
std::array<std::mutex, 200> g_many;
std::condition_variable g_condition;
int g_booked = 0;

void transfer() {
    const std::lock_guard accounts(g_accounts);  // SITE(transfer_held) transfer
    const std::lock_guard ledger(g_ledger);      // SITE(transfer_taken) transfer
    ++g_booked;
}
// WRAP(transfer)

void audit() {
    const std::lock_guard ledger(g_ledger);      // SITE(audit_held) audit
    const std::lock_guard accounts(g_accounts);  // SITE(audit_taken) audit
    ++g_booked;
}
// WRAP(audit)

void audit_by_trying() {
    const std::lock_guard ledger(g_ledger);
    const std::unique_lock accounts(g_accounts, std::try_to_lock);
    if (accounts.owns_lock()) ++g_booked;
}

void audit_with_a_bound() {
    const std::lock_guard ledger(g_ledger);
    const std::unique_lock accounts(g_accounts, std::chrono::seconds(1));
    if (accounts.owns_lock()) ++g_booked;
}

void scoped(bool first) {
    const std::scoped_lock both(first ? g_accounts : g_ledger, first ? g_ledger : g_accounts);
    ++g_booked;
}

void gated(void (*work)()) {
    const std::lock_guard gate(g_gate);
    work();
}

void while_writing(void (*work)()) {
    const std::unique_lock plan(g_plan);
    work();
}

void while_reading(void (*work)()) {
    const std::shared_lock plan(g_plan);
    work();
}

void while_crowded(size_t from) {
    std::array<std::unique_lock<std::mutex>, g_crowd.size()> crowd;
    for (size_t i = from; i < crowd.size(); ++i) crowd[i] = std::unique_lock(g_crowd[i]);
    transfer();
}

void read_both(std::shared_mutex& first, std::shared_mutex& second) {
    const std::shared_lock one(first);
    const std::shared_lock other(second);
    ++g_booked;
}

void lock_both(pthread_mutex_t& first, pthread_mutex_t& second) {
    pthread_mutex_lock(&first);
    pthread_mutex_lock(&second);
    ++g_booked;
    pthread_mutex_unlock(&second);
    pthread_mutex_unlock(&first);
}

void lock_with_next(int number) {
    const std::lock_guard mine(g_ring[number]);
    const std::lock_guard next(g_ring[(number + 1) % kThreads]);
    ++g_booked;
}

void make_parts() {
    for (pthread_mutex_t& part : g_parts) pthread_mutex_init(&part, nullptr);
}

void lock_with_next_part(int number) {
    lock_both(g_parts[number % kParts], g_parts[(number + 1) % kParts]);
}

/// The part that is written to, and is no other by the time that it is locked.
int lock_part() {
    for (;;) {
        const int number = g_part.load();
        pthread_mutex_lock(&g_parts[number]);
        if (g_part.load() == number) return number;
        pthread_mutex_unlock(&g_parts[number]);
    }
}

void walk() {
    for (int i = 0; i < 100; ++i) {
        const int number = lock_part();
        const int next = (number + 1) % kParts;
        pthread_mutex_lock(&g_parts[next]);
        g_part.store(next);
        ++g_booked;
        pthread_mutex_unlock(&g_parts[next]);
        pthread_mutex_unlock(&g_parts[number]);
    }
}

void take_turns() {
    std::atomic<int> turn{0};
    std::vector<std::thread> threads;
    for (int number = 0; number < kParts; ++number) {
        threads.emplace_back([number, &turn] {
            for (int round = 0; round < 4; ++round) {
                while (turn.load() != round * kParts + number) std::this_thread::yield();
                lock_with_next_part(number);
                ++turn;
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
}

/// As a walk from one part to the next does: the locks around it are let go first.
void outlive() {
    std::unique_lock gate(g_gate);
    std::unique_lock ledger(g_ledger);
    const std::lock_guard first(g_many[0]);
    ledger.unlock();
    gate.unlock();
    const std::lock_guard second(g_many[1]);
    ++g_booked;
}

void wait_with_another_lock() {
    std::unique_lock gate(g_gate);
    const std::lock_guard first(g_many[0]);                    // SITE(again_held) wait_with_another_lock
    g_condition.wait_for(gate, std::chrono::milliseconds(1));  // SITE(again_taken) wait_with_another_lock
    ++g_booked;
}
// WRAP(wait_with_another_lock)

constexpr size_t kLinkInChain = 96;  // as many locks as are known of a thread

void go_along_chain() {
    g_many[0].lock();
    for (size_t i = 1; i < g_many.size(); ++i) {
        g_many[i].lock();
        g_many[i - 1].unlock();
    }
    g_many.back().unlock();
}

void wait_without_a_time() {
    constexpr timespec kNone{0, 2'000'000'000};
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&g_second);
    pthread_mutex_lock(&g_first);
    g_booked += pthread_cond_timedwait(&condition, &g_second, &kNone) == EINVAL ? 1 : 2;
    pthread_mutex_unlock(&g_first);
    pthread_mutex_unlock(&g_second);
}

void enter(std::mutex& account) {
    const std::lock_guard one(account);
    const std::lock_guard ledger(g_ledger);
    ++g_booked;
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "leaky") {
        one_after_the_other(transfer, audit);
    } else if (variant == "fixed") {
        one_after_the_other(transfer, transfer);
    } else if (variant == "ring") {
        for (int number = 0; number < kThreads; ++number) std::thread(lock_with_next, number).join();
    } else if (variant == "turns") {
        make_parts();
        take_turns();
    } else if (variant == "pool") {
        make_parts();
        one_after_the_other(
            [] {
                for (int number = 0; number < 2 * kParts; ++number) lock_with_next_part(number);
            },
            [] {
                for (int number = 2 * kParts - 1; number >= 0; --number) lock_with_next_part(number);
            });
    } else if (variant == "walked") {
        make_parts();
        std::thread one(walk);
        std::thread other(walk);
        one.join();
        other.join();
    } else if (variant == "many") {
        one_after_the_other(
            [] {
                for (std::mutex& account : g_many) enter(account);
            },
            [] {
                const std::lock_guard ledger(g_ledger);
                const std::lock_guard last(g_many.back());
                ++g_booked;
            });
    } else if (variant == "outlived") {
        one_after_the_other(outlive, [] {
            const std::lock_guard second(g_many[1]);
            const std::lock_guard first(g_many[0]);
            ++g_booked;
        });
    } else if (variant == "again") {
        one_after_the_other(wait_with_another_lock, [] {
            const std::lock_guard gate(g_gate);
            const std::lock_guard first(g_many[0]);
            ++g_booked;
        });
    } else if (variant == "chained") {
        one_after_the_other(go_along_chain, [] {
            const std::lock_guard second(g_many[kLinkInChain]);
            const std::lock_guard first(g_many[kLinkInChain - 1]);
            ++g_booked;
        });
    } else if (variant == "refused") {
        one_after_the_other(wait_without_a_time, wait_without_a_time);
    } else if (variant == "scoped") {
        one_after_the_other([] { scoped(true); }, [] { scoped(false); });
    } else if (variant == "tries") {
        one_after_the_other(transfer, audit_by_trying);
    } else if (variant == "timed") {
        one_after_the_other(transfer, audit_with_a_bound);
    } else if (variant == "gated") {
        one_after_the_other([] { gated(transfer); }, [] { gated(audit); });
    } else if (variant == "write_gated") {
        one_after_the_other([] { while_writing(transfer); }, [] { while_reading(audit); });
    } else if (variant == "read_gated") {
        one_after_the_other([] { while_reading(transfer); }, [] { while_reading(audit); });
    } else if (variant == "once_written") {
        one_after_the_other(
            [] {
                while_writing(transfer);
                while_reading(transfer);
            },
            [] { while_reading(audit); });
    } else if (variant == "crowded") {
        one_after_the_other(
            [] {
                while_crowded(0);
                while_crowded(g_crowd.size() - 1);
            },
            [] {
                const std::lock_guard last(g_crowd.back());
                audit();
            });
    } else if (variant == "shared") {
        one_after_the_other([] { read_both(g_names, g_places); }, [] { read_both(g_places, g_names); });
    } else if (variant == "alone") {
        one_after_the_other(
            [] {
                transfer();
                audit();
            },
            [] {});
    } else if (variant == "anew") {
        one_after_the_other(
            [] {
                lock_both(g_first, g_second);
                pthread_mutex_destroy(&g_second);
                pthread_mutex_init(&g_second, nullptr);
            },
            [] { lock_both(g_second, g_first); });
    } else {
        return no_such_variant();
    }
    return g_booked > 0 ? 0 : 1;
}
