// SPDX-License-Identifier: Apache-2.0
//
// Until every other thread sits in one of the system calls that it is to be stuck in.
#pragma once

#include <algorithm>
#include <initializer_list>

#include "tests/support/gate.h"

namespace gate {

inline void await_others_stuck_in(size_t others, std::initializer_list<long> calls) {
    await([&] {
        detail::Sights sights;
        detail::look(sights);
        return sights.count == others && std::all_of(sights.threads, sights.threads + others, [&](const auto& sight) {
                   return sight.asleep && std::find(calls.begin(), calls.end(), sight.call) != calls.end();
               });
    });
}

}  // namespace gate
