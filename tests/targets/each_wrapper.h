// SPDX-License-Identifier: Apache-2.0
//
// What the parts of each_wrapper share: a row of calls, and how a call tells where it is.
#pragma once

#include <stdio.h>
#include <unistd.h>

#include <functional>
#include <map>
#include <string>

#include "tests/support/gate.h"

struct Row {
    std::function<void()> free;
    std::function<void()> blocked;          ///< empty: never waits
    std::function<void()> prepare = [] {};  ///< by the main thread, before "blocked"
    bool by_main = false;
};

/// Functions of <threads.h>, and old names of pthread functions: each_c11_wrapper.cpp.
std::map<std::string, Row> c11_rows();
std::map<std::string, Row> old_name_rows();
/// Ends, new programs, libraries: each_process_wrapper.cpp.
std::map<std::string, Row> process_rows();
/// Signals, timers and descriptors: each_signal_wrapper.cpp.
std::map<std::string, Row> waker_rows();
std::map<std::string, Row> polling_rows();
/// Descriptors and locks on files: each_io_wrapper.cpp.
std::map<std::string, Row> io_rows();
/// Children, signals, queues, names: each_other_wait_wrapper.cpp.
std::map<std::string, Row> other_wait_rows();

inline int line = 0;  ///< of the last AT

inline void say(const char* word, int at, const volatile void* object, const char* file) {
    char text[512];
    snprintf(text, sizeof(text), "%s %d %lx %d %s\n", word, at, reinterpret_cast<unsigned long>(object), gettid(),
             file);
    gate::say(text);
}

/// Makes a call, and notes its line and the object that it is about right before.
#define AT(object, call) \
    (line = __LINE__, say("at", line, object, __FILE__), (call), say("done", line, object, __FILE__))
