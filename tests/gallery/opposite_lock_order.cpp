// SPDX-License-Identifier: Apache-2.0
//
// One thread takes A then B, the other B then A, and main waits for both.
// exits: main returns instead. fixed: the same order.
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/support/gate.h"

std::mutex g_accounts;  // SITE(accounts) g_accounts
std::mutex g_ledger;    // SITE(ledger) g_ledger
std::atomic<int> g_booked{0};

void transfer(gate::Crossing* both_hold_one) {
    const std::lock_guard accounts(g_accounts);  // SITE(transfer_acquired) transfer
    if (both_hold_one != nullptr) both_hold_one->arrive_and_await();
    const std::lock_guard ledger(g_ledger);  // SITE(transfer_block) transfer
    g_booked.fetch_add(1);
}
// WRAP(transfer)

void audit(gate::Crossing* both_hold_one) {
    const std::lock_guard ledger(g_ledger);  // SITE(audit_acquired) audit
    if (both_hold_one != nullptr) both_hold_one->arrive_and_await();
    const std::lock_guard accounts(g_accounts);  // SITE(audit_block) audit
    g_booked.fetch_add(1);
}
// WRAP(audit)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "fixed") {
        std::thread first(transfer, nullptr);
        std::thread second(transfer, nullptr);
        first.join();
        second.join();
        return 0;
    }
    if (variant != "leaky" && variant != "exits") return no_such_variant();
    gate::Crossing both_hold_one(2);
    std::thread teller(transfer, &both_hold_one);  // SITE(created_teller) main
    std::thread auditor(audit, &both_hold_one);    // SITE(created_auditor) main
    gate::await_others_blocked(2);
    if (variant == "exits") {
        teller.detach();
        auditor.detach();
        return 0;
    }
    gate::say("stuck\n");
    teller.join();  // SITE(main_block) main
    auditor.join();
    return 0;
}
