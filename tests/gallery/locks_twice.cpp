// SPDX-License-Identifier: Apache-2.0
//
// A thread locks a mutex that it has locked already, while main waits for it in a wait group.
// fixed: the inner function relies on its caller's lock.
#include <atomic>
#include <mutex>
#include <thread>

#include "tests/gallery/variant.hpp"
#include "tests/gallery/wait_group.hpp"
#include "tests/support/gate.h"

std::mutex g_settings;  // SITE(lock) g_settings
std::atomic<int> g_writes{0};

void write_settings() {
    const std::lock_guard lock(g_settings);  // SITE(block) write_settings
    g_writes.fetch_add(1);
}
// WRAP(write_settings)

void save_settings(WaitGroup* group) {
    {
        const std::lock_guard lock(g_settings);  // SITE(acquired) save_settings
        write_settings();                        // SITE(calls_again) save_settings
    }
    group->done();
}
// WRAP(save_settings)

void save_settings_once_locked(WaitGroup* group) {
    {
        const std::lock_guard lock(g_settings);
        g_writes.fetch_add(1);
    }
    group->done();
}

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    auto* const group = new WaitGroup;
    group->add(1);
    if (variant == "fixed") {
        std::thread saver(save_settings_once_locked, group);
        group->wait();
        saver.join();
        return 0;
    }
    if (variant != "leaky") return no_such_variant();
    std::thread saver(save_settings, group);  // SITE(created) main
    gate::await_others_blocked(1);
    gate::say("stuck\n");
    group->wait();  // SITE(main_block) main
    saver.join();
    return 0;
}
