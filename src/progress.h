// SPDX-License-Identifier: Apache-2.0
//
// A line on the terminal while a report takes longer than a second; gone when it is done. Where
// standard error is no terminal, nothing.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>

namespace command {

class Progress {
public:
    explicit Progress(bool is_wanted);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    /// From now on stacks are named.
    void name(size_t done, size_t all);
    /// Takes the line away. What is written to the terminal comes after this.
    void end();

private:
    void show();

    std::atomic<size_t> done_{0};
    std::atomic<size_t> all_{0};  ///< 0: threads are still being looked at
    std::mutex mutex_;
    std::condition_variable ended_;
    bool has_ended_ = false;
    std::thread shower_;
};

}  // namespace command
