// SPDX-License-Identifier: Apache-2.0
//
// A wait group as in Go, for the gallery's programs.
#pragma once

#include <condition_variable>
#include <mutex>

class WaitGroup {
public:
    void add(int count) {
        const std::lock_guard lock(mutex_);
        pending_ += count;
    }

    void done() {
        const std::lock_guard lock(mutex_);
        if (--pending_ == 0) all_done_.notify_all();
    }

    void wait() {
        std::unique_lock lock(mutex_);
        while (pending_ > 0) all_done_.wait(lock);  // SITE(wait) WaitGroup::wait
    }

private:
    std::mutex mutex_;
    std::condition_variable all_done_;
    int pending_ = 0;
};
