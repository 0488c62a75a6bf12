// SPDX-License-Identifier: Apache-2.0
#include "progress.h"

#include <unistd.h>

#include <chrono>
#include <string>
#include <string_view>
#include <system_error>

namespace command {
namespace {

constexpr std::chrono::seconds kPatience{1};
constexpr std::chrono::milliseconds kStep{100};
constexpr std::string_view kErase = "\r\033[K";

void write_error(std::string_view text) {
    // What becomes of it matters to nobody.
    [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Progress::Progress(bool is_wanted) {
    if (!is_wanted || isatty(STDERR_FILENO) != 1) return;
    try {
        shower_ = std::thread([this] { show(); });
    } catch (const std::system_error&) {
        // No thread to be had: a report without progress.
    }
}

Progress::~Progress() {
    end();
}

void Progress::name(size_t done, size_t all) {
    done_.store(done, std::memory_order_relaxed);
    all_.store(all, std::memory_order_relaxed);
}

void Progress::end() {
    if (!shower_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        has_ended_ = true;
    }
    ended_.notify_one();
    shower_.join();
}

void Progress::show() {
    std::unique_lock lock(mutex_);
    if (ended_.wait_for(lock, kPatience, [this] { return has_ended_; })) return;
    do {
        const size_t all = all_.load(std::memory_order_relaxed);
        const std::string what = all == 0 ? "looking at threads"
                                          : "naming stacks, " + std::to_string(done_.load(std::memory_order_relaxed)) +
                                                " of " + std::to_string(all);
        write_error(std::string(kErase) + "loiter: " + what);
    } while (!ended_.wait_for(lock, kStep, [this] { return has_ended_; }));
    write_error(kErase);
}

}  // namespace command
