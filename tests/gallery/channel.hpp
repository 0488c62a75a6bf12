// SPDX-License-Identifier: Apache-2.0
//
// A channel as in Go, for the gallery's programs. Without capacity a sender waits until somebody
// receives. Programs make theirs with `new` and leave them: destroying a condition variable that
// has waiters would hang.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "tests/gallery/context.hpp"

template <class T>
class Channel {
public:
    using Clock = Context::Clock;

    explicit Channel(size_t capacity = 0) : capacity_(capacity) {}

    /// False when the channel is closed.
    bool send(T value) {
        std::unique_lock lock(mutex_);
        while (!closed_ && !has_room()) can_send_.wait(lock);  // SITE(send) Channel<int>::send
        return push(std::move(value));
    }

    /// False also when the context is done first.
    bool send(T value, Context& context) {
        const Context::Watch watch(context, [this] { wake_all(); });
        std::unique_lock lock(mutex_);
        while (!closed_ && !has_room() && !context.done()) can_send_.wait(lock);
        return !context.done() && push(std::move(value));
    }

    /// False also when nobody received in time.
    bool send_for(T value, Clock::duration timeout) {
        const Clock::time_point deadline = Clock::now() + timeout;
        std::unique_lock lock(mutex_);
        while (!closed_ && !has_room() && Clock::now() < deadline) {
            can_send_.wait_until(lock, deadline);  // SITE(send_for) Channel<int>::send_for
        }
        return has_room() && push(std::move(value));
    }

    /// Empty when the channel is closed and drained.
    std::optional<T> receive() {
        std::unique_lock lock(mutex_);
        announce_receiver();
        while (!closed_ && values_.empty()) can_receive_.wait(lock);  // SITE(receive) Channel<int>::receive
        return pop();
    }

    /// Empty also when the context is done first.
    std::optional<T> receive(Context& context) {
        const Context::Watch watch(context, [this] { wake_all(); });
        std::unique_lock lock(mutex_);
        announce_receiver();
        while (!closed_ && values_.empty() && !context.done()) {
            if (context.deadline()) {
                can_receive_.wait_until(lock, *context.deadline());
            } else {
                can_receive_.wait(lock);
            }
        }
        return pop();
    }

    /// Empty also when nothing came in time.
    std::optional<T> receive_for(Clock::duration timeout) {
        const Clock::time_point deadline = Clock::now() + timeout;
        std::unique_lock lock(mutex_);
        announce_receiver();
        while (!closed_ && values_.empty() && Clock::now() < deadline) {
            can_receive_.wait_until(lock, deadline);  // SITE(receive_for) Channel<int>::receive_for
        }
        return pop();
    }

    void close() {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        can_send_.notify_all();
        can_receive_.notify_all();
    }

private:
    /// Never more values than the capacity and the receivers that wait.
    bool has_room() const { return values_.size() < capacity_ + receivers_; }

    bool push(T value) {
        if (closed_) return false;
        values_.push_back(std::move(value));
        can_receive_.notify_one();  // SITE(notify) Channel<int>::push
        return true;
    }

    void announce_receiver() {
        ++receivers_;
        can_send_.notify_one();
    }

    std::optional<T> pop() {
        --receivers_;
        if (values_.empty()) return std::nullopt;
        std::optional<T> value = std::move(values_.front());
        values_.pop_front();
        can_send_.notify_one();
        return value;
    }

    void wake_all() {
        const std::lock_guard lock(mutex_);
        can_send_.notify_all();
        can_receive_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable can_send_;
    std::condition_variable can_receive_;
    std::deque<T> values_;
    const size_t capacity_;
    size_t receivers_ = 0;
    bool closed_ = false;
};
