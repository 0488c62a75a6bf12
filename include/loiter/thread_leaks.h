// SPDX-License-Identifier: Apache-2.0
//
// What gtest.h, catch2.h and doctest.h share: threads that a test created and left behind, found by the label
// that they inherit. C++11, header-only; without the library there is never one.
#ifndef LOITER_THREAD_LEAKS_H
#define LOITER_THREAD_LEAKS_H

#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "loiter/loiter.h"

namespace loiter {

struct LeakCheckOptions {
    /// How long the threads of a test may take to end after it. A test without any waits not at all.
    std::chrono::milliseconds grace = std::chrono::milliseconds(500);
    /// Says once, on standard error, that nothing can be found where the library is not preloaded.
    bool tell_when_absent = false;
};

namespace detail {

/// A thread, copied: it may be gone the next moment.
struct LeftThread {
    unsigned number = 0;
    std::string text;   ///< T5 "worker" (tid 4242) [mutex lock]
    std::string label;  ///< empty: none
};

/// `label` null: with any, or none.
inline std::vector<LeftThread> threads_left(loiter_mark_t mark, const char* label) {
    std::vector<loiter_thread> found(loiter_threads_labelled(mark, label, nullptr, 0));
    const std::size_t count = loiter_threads_labelled(mark, label, found.data(), found.size());
    if (count < found.size()) found.resize(count);
    std::vector<LeftThread> left;
    for (const loiter_thread& thread : found) {
        LeftThread one;
        one.number = thread.number;
        one.label = thread.label != nullptr ? thread.label : "";
        one.text = "T" + std::to_string(thread.number);
        if (thread.name[0] != '\0') one.text += " \"" + std::string(thread.name) + "\"";
        if (thread.tid != 0) one.text += " (tid " + std::to_string(thread.tid) + ")";
        one.text += std::string(" [") + thread.state + "]";
        if (thread.created_by != 0) one.text += ", created by T" + std::to_string(thread.created_by);
        left.push_back(one);
    }
    return left;
}

/// Polls, with growing pauses, until none is left or the grace time is over.
inline std::vector<LeftThread> threads_left_after(loiter_mark_t mark, const char* label,
                                                  std::chrono::milliseconds grace) {
    const auto deadline = std::chrono::steady_clock::now() + grace;
    std::chrono::milliseconds pause(1);
    for (;;) {
        std::vector<LeftThread> left = threads_left(mark, label);
        const auto now = std::chrono::steady_clock::now();
        if (left.empty() || now >= deadline) return left;
        const auto rest = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - now);
        std::this_thread::sleep_for(pause < rest ? pause : rest + std::chrono::milliseconds(1));
        if (pause < std::chrono::milliseconds(50)) pause *= 2;
    }
}

/// "2 threads that Suite.Test created are still there:" and a line for each.
inline std::string leak_message(const std::vector<LeftThread>& left, const std::string& who) {
    std::string text = std::to_string(left.size()) + (left.size() == 1 ? " thread" : " threads") + " that " + who +
                       (left.size() == 1 ? " created is still there:" : " created are still there:");
    for (const LeftThread& thread : left) text += "\n  " + thread.text;
    return text;
}

/// Labels what the calling thread does, and what it creates, for a time.
class LabelScope {
public:
    explicit LabelScope(const std::string& label) : before_(loiter_label()) { loiter_set_label(label.c_str()); }
    ~LabelScope() { loiter_set_label(before_); }
    LabelScope(const LabelScope&) = delete;
    LabelScope& operator=(const LabelScope&) = delete;

private:
    const char* before_;
};

}  // namespace detail

/// The threads of one test after the other, for listeners of test frameworks. Each test has a label; a thread
/// belongs to the test whose label it, or whoever created it, began with, whenever it shows.
class TestThreads {
public:
    explicit TestThreads(LeakCheckOptions options = LeakCheckOptions()) : options_(options) {
        if (options_.tell_when_absent && loiter_is_active() == 0) {
            std::fputs("loiter: libloiter.so is not preloaded: leaked threads are not looked for\n", stderr);
        }
    }

    void begin(const std::string& test) {
        // Before the label is first given: of a test that runs again, what it left the last time is told already.
        marks_.push_back(loiter_mark());
        labels_.push_back(test);
        loiter_set_label(test.c_str());
    }

    /// Of the test that began last: waits for its threads to end, and tells of those that do not. Empty: none.
    std::string end() {
        if (labels_.empty()) return std::string();
        const std::string test = labels_.back();
        const loiter_mark_t mark = marks_.back();
        labels_.pop_back();
        marks_.pop_back();
        loiter_set_label(labels_.empty() ? nullptr : labels_.back().c_str());
        ended_.insert(test);
        return tell(detail::threads_left_after(mark, test.c_str(), options_.grace), test);
    }

    /// At the end of all tests: what tests that had ended created since by threads that they had left.
    std::string end_of_all() {
        std::string text;
        for (const std::string& test : ended_) {
            const std::string late = tell(detail::threads_left_after(0, test.c_str(), options_.grace), test);
            if (!late.empty()) text += (text.empty() ? "" : "\n") + late;
        }
        return text;
    }

private:
    /// Each thread is told of once.
    std::string tell(const std::vector<detail::LeftThread>& left, const std::string& test) {
        std::vector<detail::LeftThread> untold;
        for (const detail::LeftThread& thread : left) {
            if (told_.insert(thread.number).second) untold.push_back(thread);
        }
        return untold.empty() ? std::string() : detail::leak_message(untold, test);
    }

    LeakCheckOptions options_;
    std::vector<std::string> labels_;
    std::vector<loiter_mark_t> marks_;
    std::set<std::string> ended_;
    std::set<unsigned> told_;
};

/// From its construction on: the threads that the calling thread creates, and those that these create. Belongs to the
/// test that runs, by its label; gives them the label `otherwise` where there is none.
class ThreadLeakScope {
public:
    explicit ThreadLeakScope(const std::string& otherwise, LeakCheckOptions options = LeakCheckOptions())
        : options_(options), has_own_label_(loiter_label() == nullptr) {
        if (has_own_label_) loiter_set_label(otherwise.c_str());
        label_ = loiter_label() != nullptr ? loiter_label() : "";
        mark_ = loiter_mark();
    }
    ThreadLeakScope(const ThreadLeakScope&) = delete;
    ThreadLeakScope& operator=(const ThreadLeakScope&) = delete;

    /// Once, at its end: tells of those that stay. Empty: none.
    std::string end() {
        const std::vector<detail::LeftThread> left =
            loiter_is_active() != 0 && !label_.empty()
                ? detail::threads_left_after(mark_, label_.c_str(), options_.grace)
                : std::vector<detail::LeftThread>();
        if (has_own_label_) loiter_set_label(nullptr);
        return left.empty() ? std::string() : detail::leak_message(left, "this scope in " + label_);
    }

private:
    LeakCheckOptions options_;
    bool has_own_label_;
    std::string label_;
    loiter_mark_t mark_ = 0;
};

}  // namespace loiter

#define LOITER_JOIN_NAMES(left, right) left##right
#define LOITER_JOIN(left, right) LOITER_JOIN_NAMES(left, right)

#endif  // LOITER_THREAD_LEAKS_H
