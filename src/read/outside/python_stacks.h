// SPDX-License-Identifier: Apache-2.0
//
// The Python frames of the threads of a live process, out of its interpreter's memory. Needs no
// recording: a pid, and what the kernel says of its threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "python/interpreter.h"
#include "read/kernel/tasks.h"
#include "read/records/stacks.h"
#include "snapshot/snapshot.h"

namespace reader {

class PythonStacks {
public:
    /// Reads nothing before the first look.
    explicit PythonStacks(uint32_t pid);

    /// Puts them before the native frames. A thread that moved since it was looked at, or runs, is then
    /// unsettled: its frames are not all of one moment. `tasks`: seen before the first look.
    void add_to(std::vector<snapshot::Thread>& threads, const std::vector<Task>& tasks, StackTable& stacks);
    /// Of a process that has none any more.
    void note_end(const std::vector<snapshot::Module>& modules);

    /// Why they are not known, or from where; empty: nothing is to be said of them.
    std::string note() const;

private:
    struct Sight {
        python::Chain chain;
        bool is_of_task = false;  ///< of the very wait that the task was seen in; else of a later moment
        bool ran = false;         ///< while it was read: twice the same, which proves little
    };

    void prepare();
    /// Empty: it is in no Python code, or nothing is known of it.
    std::optional<Sight> look(const Task& task);
    std::optional<Sight> look_at_sleeper(const Task& task, uint64_t state);
    std::optional<Sight> look_at_left(const Task& task);
    std::optional<python::Chain> look_at_runner(uint32_t native_id, uint64_t state) const;

    uint32_t pid_;
    bool is_prepared_ = false;
    python::Memory memory_;
    std::unique_ptr<python::Interpreter> interpreter_;
    bool has_ended_ = false;                    ///< and has forgotten its threads
    size_t left_ = 0;                           ///< threads whose frames were there nevertheless
    std::multimap<uint32_t, uint64_t> states_;  ///< by the process' own thread ids
    /// Of threads that have slept since their tasks were seen. Another one that has slept as long, and has
    /// one of these in a frame, has had it there ever since: nobody needs to read it again.
    python::Codes codes_;
    std::string why_;
};

}  // namespace reader
