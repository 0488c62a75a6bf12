// SPDX-License-Identifier: Apache-2.0
//
// This process' threads as the kernel sees them, for gate.h. Runs in observed programs: raw system
// calls by inline assembly, no libc, no heap.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gate {

inline long raw_call(long number, long first = 0, long second = 0, long third = 0, long fourth = 0) {
    long result;
    register long r10 asm("r10") = fourth;
    asm volatile("syscall"
                 : "=a"(result)
                 : "a"(number), "D"(first), "S"(second), "d"(third), "r"(r10)
                 : "rcx", "r11", "memory");
    return result;
}

namespace detail {

inline constexpr size_t kMaxThreads = 256;

/// The kernel's view of one thread at one moment.
struct Sight {
    long tid = 0;
    bool asleep = false;
    long call = -1;         ///< the system call it is in; -1: none
    uint64_t switches = 0;  ///< times it went to sleep so far
    bool operator==(const Sight&) const = default;
};

struct Sights {
    size_t count = 0;
    Sight threads[kMaxThreads];
};

inline size_t append(char* to, const char* text) {
    size_t length = 0;
    for (; text[length] != '\0'; ++length) to[length] = text[length];
    return length;
}

/// Content of /proc/self/task/TID/NAME, cut to the buffer; empty when the thread is gone.
inline void read_task_file(long tid, const char* name, char* buffer, size_t size) {
    char path[64];
    char digits[24];
    size_t digit_count = 0;
    for (; tid > 0; tid /= 10) digits[digit_count++] = static_cast<char>('0' + tid % 10);
    size_t length = append(path, "/proc/self/task/");
    while (digit_count > 0) path[length++] = digits[--digit_count];
    path[length++] = '/';
    length += append(path + length, name);
    path[length] = '\0';
    buffer[0] = '\0';
    const long file = raw_call(/*openat*/ 257, -100, reinterpret_cast<long>(path), 0, 0);
    if (file < 0) return;
    const long got = raw_call(/*read*/ 0, file, reinterpret_cast<long>(buffer), static_cast<long>(size - 1));
    buffer[got > 0 ? got : 0] = '\0';
    raw_call(/*close*/ 3, file);
}

/// What follows `key` at the start of a line; null: there is no such line.
inline const char* after_key(const char* text, const char* key) {
    for (bool line_start = true; *text != '\0'; line_start = *text == '\n', ++text) {
        if (!line_start) continue;
        size_t length = 0;
        while (key[length] != '\0' && text[length] == key[length]) ++length;
        if (key[length] == '\0') return text + length;
    }
    return nullptr;
}

inline uint64_t number_at(const char* text) {
    while (*text == ' ' || *text == '\t') ++text;
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9'; ++text) number = number * 10 + static_cast<uint64_t>(*text - '0');
    return number;
}

inline Sight look_at(long tid) {
    char text[4096];
    Sight sight{.tid = tid};
    read_task_file(tid, "status", text, sizeof text);
    const char* const state = after_key(text, "State:\t");
    const char* const switches = after_key(text, "voluntary_ctxt_switches:");
    sight.asleep = state != nullptr && *state == 'S';
    sight.switches = switches != nullptr ? number_at(switches) : 0;
    read_task_file(tid, "syscall", text, sizeof text);
    if (text[0] >= '0' && text[0] <= '9') sight.call = static_cast<long>(number_at(text));
    return sight;
}

/// Every thread of the process but the calling one. A listing during which one ends may lack others.
inline void look(Sights& sights) {
    const long caller = raw_call(/*gettid*/ 186);
    sights.count = 0;
    const long folder = raw_call(/*openat*/ 257, -100, reinterpret_cast<long>("/proc/self/task"), 0200000);
    alignas(8) char entries[4096];
    for (long got; (got = raw_call(/*getdents64*/ 217, folder, reinterpret_cast<long>(entries), sizeof entries)) > 0;) {
        for (long at = 0; at < got;) {
            const char* const entry = entries + at;
            at += *reinterpret_cast<const uint16_t*>(entry + 16);
            const long tid = static_cast<long>(number_at(entry + 19));
            if (tid == 0 || tid == caller || sights.count == kMaxThreads) continue;
            sights.threads[sights.count++] = look_at(tid);
        }
    }
    raw_call(/*close*/ 3, folder);
}

}  // namespace detail

}  // namespace gate
