// SPDX-License-Identifier: Apache-2.0
//
// What the programs of this folder are made of: rows, each a thread that sits in one call.
#pragma once

#include <pthread.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "tests/support/gate.h"

namespace calls {

struct Row {
    std::string name;  ///< the thread's
    std::function<void()> sit;
};
inline std::vector<Row> rows;

/// What a test cannot know beforehand.
inline void tell(const std::string& row, const std::string& fact) {
    gate::say((row + " " + fact + "\n").c_str());
}

inline void tell(const std::string& row, int fact) {
    tell(row, std::to_string(fact));
}

inline int checked(int result, const char* what) {
    if (result >= 0) return result;
    std::perror(what);
    _exit(3);
}

inline void* begin(void* argument) {
    const Row& row = *static_cast<const Row*>(argument);
    pthread_setname_np(pthread_self(), row.name.c_str());
    row.sit();
    tell(row.name, "came back");
    return nullptr;
}

inline bool all_sit() {
    gate::detail::Sights sights;
    gate::detail::look(sights);
    size_t sitting = 0;
    for (size_t i = 0; i < sights.count; ++i) {
        if (sights.threads[i].asleep && sights.threads[i].call != gate::kCallFutex) ++sitting;
    }
    return sitting == rows.size();
}

/// Starts a thread a row, says "sitting" once all do, and stays.
[[noreturn]] inline void sit_in_all() {
    for (Row& row : rows) {
        pthread_t thread;
        pthread_create(&thread, nullptr, begin, &row);
        pthread_detach(thread);
    }
    gate::await(all_sit);
    gate::say("sitting\n");
    for (;;) pause();
}

}  // namespace calls
