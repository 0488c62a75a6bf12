// SPDX-License-Identifier: Apache-2.0
//
// How the parts of the program `semantics` tell what calls return.
#pragma once

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/deadline.h"

namespace semantics {

inline constexpr int kUntouched = 4711;  // errno where nothing sets it

inline const char* name_of(int error) {
    return error == 0 ? "0" : error == -1 ? "-1" : strerrorname_np(error);
}

inline void check(bool holds) {
    if (!holds) std::abort();
}

/// The call's result, and errno where it was set.
template <typename Call>
std::string told(Call call) {
    errno = kUntouched;
    const int result = call();
    std::string text = name_of(result);
    if (errno != kUntouched) text += std::string("/") + name_of(errno);
    return text;
}

inline void say(const std::string& what, const std::string& is) {
    std::printf("%s: %s\n", what.c_str(), is.c_str());
}

template <typename Call>
void say_of(const std::string& what, Call call) {
    say(what, told(call));
}

/// In a thread of its own, which has ended when this returns.
template <typename Call>
void* run(void* call) {
    (*static_cast<Call*>(call))();
    return nullptr;
}

template <typename Call>
void elsewhere(Call call) {
    pthread_t thread;
    check(pthread_create(&thread, nullptr, run<Call>, &call) == 0 && pthread_join(thread, nullptr) == 0);
}

inline constexpr timespec past{1, 0};
inline constexpr timespec invalid{1, 2'000'000'000};

inline timespec soon(clockid_t clock) {
    return time_from_now(clock, 2'000'000);
}

/// Of once, threads, C11, keys, cancellation, and what two processes share.
void say_of_threads();

}  // namespace semantics
