// SPDX-License-Identifier: Apache-2.0
#include "render/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "render/render.h"

namespace render {

namespace {

using snapshot::Thread;

constexpr size_t kLongestSpelledList = 8;

struct Range {
    double low;
    double high;
};

/// Over the threads of which it is known; empty: of none.
std::optional<Range> range_of(const std::vector<const Thread*>& threads, std::optional<double> Thread::*field) {
    std::optional<Range> range;
    for (const Thread* thread : threads) {
        const std::optional<double>& value = thread->*field;
        if (!value) continue;
        range = range ? Range{std::min(range->low, *value), std::max(range->high, *value)} : Range{*value, *value};
    }
    return range;
}

std::string words(const Range& range) {
    return duration_range(range.low, range.high);
}

/// ", 12s of 30s, 18s left"
std::string bound_words(const std::vector<const Thread*>& threads, const std::string& time) {
    const std::optional<Range> whole = range_of(threads, &Thread::timeout_seconds);
    const std::optional<Range> left = range_of(threads, &Thread::left_seconds);
    std::string text;
    if (!time.empty()) text += ", " + time;
    if (whole) text += (time.empty() ? ", at most " : " of ") + words(*whole);
    if (left) text += ", " + words(*left) + " left";
    if (!whole && !left) text += ", bounded";
    return text;
}

/// ", 98% CPU"
std::string share_words(const Range& share) {
    const std::string low = fmt::format("{:.0f}", 100 * share.low);
    const std::string high = fmt::format("{:.0f}", 100 * share.high);
    return ", " + (low == high ? low : low + "~" + high) + "% CPU";
}

}  // namespace

std::string counted(uint64_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string left_out_words(uint64_t frames) {
    std::string digits = std::to_string(frames);
    for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
    return digits + (frames == 1 ? " frame" : " frames") + " left out";
}

std::string_view word(snapshot::LockKind kind) {
    switch (kind) {
        case snapshot::LockKind::kUnknown: return "unknown";
        case snapshot::LockKind::kMutex: return "mutex";
        case snapshot::LockKind::kRwlock: return "rwlock";
        case snapshot::LockKind::kSpin: return "spin lock";
        case snapshot::LockKind::kOnce: return "once";
        case snapshot::LockKind::kCondition: return "condition";
        case snapshot::LockKind::kSemaphore: return "semaphore";
        case snapshot::LockKind::kBarrier: return "barrier";
        case snapshot::LockKind::kThread: return "thread";
        case snapshot::LockKind::kFutex: return "futex";
        case snapshot::LockKind::kFile: return "file";
        case snapshot::LockKind::kCustom: return "custom lock";
    }
    return "unknown";
}

std::string_view word(snapshot::Mode mode) {
    switch (mode) {
        case snapshot::Mode::kExclusive: return "exclusive";
        case snapshot::Mode::kShared: return "shared";
    }
    return "exclusive";
}

std::string_view signal_name(int signal) {
    // The numbers of Linux on x86-64, from 1.
    constexpr std::array<std::string_view, 31> kNames = {
        "SIGHUP",  "SIGINT",    "SIGQUIT", "SIGILL",   "SIGTRAP", "SIGABRT", "SIGBUS",  "SIGFPE",
        "SIGKILL", "SIGUSR1",   "SIGSEGV", "SIGUSR2",  "SIGPIPE", "SIGALRM", "SIGTERM", "SIGSTKFLT",
        "SIGCHLD", "SIGCONT",   "SIGSTOP", "SIGTSTP",  "SIGTTIN", "SIGTTOU", "SIGURG",  "SIGXCPU",
        "SIGXFSZ", "SIGVTALRM", "SIGPROF", "SIGWINCH", "SIGIO",   "SIGPWR",  "SIGSYS"};
    const auto index = static_cast<size_t>(signal) - 1;
    return index < kNames.size() ? kNames[index] : std::string_view();
}

std::string given_name(const snapshot::Snapshot& snapshot, const Thread& thread) {
    constexpr size_t kKernelKeeps = 15;  // bytes of a name
    const std::string& exe = snapshot.process.exe;
    const bool is_inherited = exe.substr(exe.rfind('/') + 1).substr(0, kKernelKeeps) == thread.name;
    return thread.name.empty() || is_inherited ? "" : fmt::format(" \"{}\"", printable(thread.name));
}

std::string thread_words(const snapshot::Snapshot& snapshot, uint32_t id) {
    const Thread* const thread = snapshot::find_thread(snapshot, id);
    return fmt::format("T{}{}", id, thread == nullptr ? "" : given_name(snapshot, *thread));
}

std::string thread_list(const std::vector<uint32_t>& ids) {
    std::string list;
    size_t runs = 0;
    for (size_t first = 0; first < ids.size();) {
        if (runs++ == kLongestSpelledList * 2) return list + fmt::format(" and {} more", ids.size() - first);
        size_t last = first;
        while (ids.size() > kLongestSpelledList && last + 1 < ids.size() && ids[last + 1] == ids[last] + 1) ++last;
        list += fmt::format("{}T{}", list.empty() ? "" : ", ", ids[first]);
        if (last > first) list += fmt::format("{}T{}", last == first + 1 ? ", " : "-", ids[last]);
        first = last + 1;
    }
    return list;
}

std::string_view noun(const snapshot::Object& object) {
    return object.noun.empty() ? word(object.kind) : std::string_view(object.noun);
}

std::string_view awaited_noun(const Thread& thread) {
    const snapshot::Object& object = thread.wait->object;
    if (object.kind != snapshot::LockKind::kUnknown || !object.noun.empty()) return noun(object);
    if (thread.state == snapshot::State::kChildWait) return "child";
    if (thread.state == snapshot::State::kSignalWait) return "signal";
    if (thread.state != snapshot::State::kIo) return noun(object);
    const std::string_view function = thread.io_function;
    if (function.starts_with("msg")) return "message queue";
    if (function.starts_with("sem")) return "semaphore set";
    return function.starts_with("open") || function == "creat" ? "file" : "descriptor";
}

std::string short_object_words(const snapshot::Object& object) {
    if (object.name.empty()) return fmt::format("{} {:#x}", noun(object), object.address);
    return fmt::format("{} {}", noun(object), printable(object.name));
}

std::string object_words(const snapshot::Object& object) {
    const std::string words = short_object_words(object);
    return object.name.empty() ? words : fmt::format("{} ({:#x})", words, object.address);
}

std::string state_words(const std::vector<const Thread*>& threads) {
    const Thread& first = *threads.front();
    std::string text = printable(snapshot::state_word(first));
    if (first.last_recorded) text += " (last recorded)";
    const std::optional<Range> elapsed = range_of(threads, &Thread::for_seconds);
    const bool is_lower_bound =
        std::any_of(threads.begin(), threads.end(), [](const Thread* thread) { return thread->for_is_lower_bound; });
    std::string time;
    if (elapsed) time = is_lower_bound ? "at least " + duration(elapsed->low) : words(*elapsed);
    if (first.timed)
        text += bound_words(threads, time);
    else if (!time.empty())
        text += ", " + time + (first.state == snapshot::State::kExited ? " ago" : "");
    if (const std::optional<Range> share = range_of(threads, &Thread::cpu_share)) text += share_words(*share);
    const bool torn = std::any_of(threads.begin(), threads.end(), [](const Thread* thread) { return thread->torn; });
    return torn ? text + ", was changing while it was read" : text;
}

std::string now_words(const Thread& thread) {
    const std::string state = state_words({&thread});
    const bool is_in_call = thread.state != snapshot::State::kRunning && thread.state != snapshot::State::kSpinning &&
                            thread.state != snapshot::State::kExited;
    if (is_in_call) return "is now in [" + state + "]";
    return (thread.state == snapshot::State::kExited ? "has " : "is now ") + state;
}

std::string ago_words(const std::vector<const Thread*>& threads) {
    const std::optional<Range> ago = range_of(threads, &Thread::stack_ago_seconds);
    return ago ? words(*ago) + " ago" : "";
}

std::string age_words(const std::vector<const Thread*>& threads) {
    const std::optional<Range> age = range_of(threads, &Thread::age_seconds);
    const std::optional<Range> cpu = range_of(threads, &Thread::cpu_seconds);
    const bool is_lower_bound =
        std::any_of(threads.begin(), threads.end(), [](const Thread* thread) { return thread->age_is_lower_bound; });
    std::string text = age ? "age " + (is_lower_bound ? "at least " + duration(age->low) : words(*age)) : "";
    if (!cpu) return text;
    text += (age ? ", CPU time " : "CPU time ") + words(*cpu);
    // A share of a share of a second says nothing.
    if (age && age->low >= 0.1 && threads.size() == 1) text += fmt::format(" ({:.0f}%)", 100 * cpu->low / age->low);
    return text;
}

}  // namespace render
