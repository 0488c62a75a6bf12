// SPDX-License-Identifier: Apache-2.0
//
// Stacks of the threads that no wrapper sees, of a live process: unwound from its memory at a moment
// at which the thread slept, or, where that was asked for, was stopped.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "read/kernel/tasks.h"
#include "read/outside/waiting_functions.h"
#include "snapshot/snapshot.h"
#include "unwind/unwinder.h"

namespace reader {

/// Takes the library's own frames out, and in a wrapper's own call what it called.
void drop_library(snapshot::Stack& stack);

class OutsideStacks {
public:
    /// Reads nothing before the first look.
    explicit OutsideStacks(uint32_t pid);

    struct Sight {
        Task task;  ///< what it was in when it had the stack
        snapshot::Stack stack;
        std::string_view function;  ///< libc's, of waiting_functions(), that waits on a futex; empty: none of them
    };
    /// Empty: it is in no system call, or never slept long enough, or its memory cannot be read.
    std::optional<Sight> look(const Task& task);

    /// Of a running thread, which is stopped for an instant. Empty: it did not run just then, did not stop in
    /// time, or there is no right to stop it.
    std::optional<snapshot::Stack> stop_and_look(uint32_t tid);

    /// Variables, or functions, of these names in the process' libc, by address.
    std::unordered_map<uint64_t, std::string_view> objects_of_libc(std::span<const std::string_view> names);
    std::unordered_map<uint64_t, std::string_view> functions_of_libc(std::span<const std::string_view> names);
    /// Of the process; empty before the first look.
    std::vector<snapshot::Module> modules();

    /// Why stacks could not be read, one sentence each; none: all could, or there was none to read.
    std::vector<std::string> notes() const;

private:
    bool prepare();
    std::string_view waiting_function(const Task& task, const snapshot::Stack& stack);

    uint32_t pid_;
    bool is_prepared_ = false;
    int error_ = 0;
    int stop_error_ = 0;
    std::unique_ptr<unwind::Unwinder> unwinder_;
    std::optional<WaitingFunctions> functions_;  ///< once asked
};

}  // namespace reader
