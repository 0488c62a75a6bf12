// SPDX-License-Identifier: Apache-2.0
//
// Two threads whose work does not overlap, for orders of locks that never meet.
#pragma once

#include <thread>

#include "tests/support/gate.h"

/// In threads that are there all the time, one after the other.
template <class First, class Second>
void one_after_the_other(First first, Second second) {
    gate::Flag first_is_done;
    std::thread one([&] {
        first();
        first_is_done.open();
    });
    std::thread other([&] {
        first_is_done.await_open();
        second();
    });
    one.join();
    other.join();
}
