// SPDX-License-Identifier: Apache-2.0
//
// A cancellable context with an optional deadline, for the gallery's programs.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <optional>
#include <utility>

class Context {
public:
    using Clock = std::chrono::steady_clock;

    Context() = default;
    explicit Context(std::chrono::milliseconds timeout) : deadline_(Clock::now() + timeout) {}

    bool done() const { return cancelled_.load() || (deadline_ && Clock::now() >= *deadline_); }
    std::optional<Clock::time_point> deadline() const { return deadline_; }

    void cancel() {
        const std::lock_guard lock(mutex_);
        cancelled_.store(true);
        for (const std::function<void()>& wake : watchers_) wake();
    }

    /// Calls `wake` when the context is cancelled, for as long as the Watch lives.
    class Watch {
    public:
        Watch(Context& context, std::function<void()> wake) : context_(context) {
            const std::lock_guard lock(context_.mutex_);
            here_ = context_.watchers_.insert(context_.watchers_.end(), std::move(wake));
        }
        ~Watch() {
            const std::lock_guard lock(context_.mutex_);
            context_.watchers_.erase(here_);
        }
        Watch(const Watch&) = delete;
        Watch& operator=(const Watch&) = delete;

    private:
        Context& context_;
        std::list<std::function<void()>>::iterator here_;
    };

private:
    std::mutex mutex_;
    std::atomic<bool> cancelled_{false};
    std::list<std::function<void()>> watchers_;
    const std::optional<Clock::time_point> deadline_;
};
