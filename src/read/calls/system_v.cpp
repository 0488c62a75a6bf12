// SPDX-License-Identifier: Apache-2.0
#include "read/calls/system_v.h"

#include <sys/sem.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "read/calls/words.h"
#include "read/kernel/target_memory.h"

namespace reader {

namespace {

constexpr size_t kTableBytes = size_t{8} << 20;
constexpr size_t kToldOperations = 4;

std::string with_key(uint32_t pid, const std::string& what, const char* table, int64_t id) {
    const std::string words = what + " " + std::to_string(id);
    if (!is_in_own_namespace(pid, "ipc")) return words;
    const std::optional<uint32_t> key = parse_key(read_file(std::string("/proc/sysvipc/") + table, kTableBytes), id);
    if (!key) return words;
    if (*key == 0) return words + " (private)";
    char text[32];
    std::snprintf(text, sizeof(text), " (key %#x)", *key);
    return words + text;
}

}  // namespace

std::optional<uint32_t> parse_key(std::string_view table, int64_t id) {
    std::string_view line;
    while (take_line(table, line)) {
        const std::vector<std::string_view> fields = fields_of(line, 2);
        if (fields.size() < 2 || number_in<int64_t>(fields[1]) != id) continue;
        const auto key = number_in<int64_t>(fields[0]);  // printed signed
        if (key) return static_cast<uint32_t>(*key);
    }
    return std::nullopt;
}

std::string message_queue_words(uint32_t pid, int64_t id) {
    return with_key(pid, "message queue", "msg", id);
}

std::string semaphore_set_words(uint32_t pid, int64_t id) {
    return with_key(pid, "semaphore set", "sem", id);
}

std::optional<snapshot::ProcessOwner> last_taker(uint32_t pid, const SystemCall& call) {
    std::array<sembuf, kToldOperations> operations{};
    const size_t count = std::min<uint64_t>(call.arguments[2], kToldOperations);
    const size_t bytes = count * sizeof(sembuf);
    if (read_memory(pid, call.arguments[1], operations.data(), bytes).bytes != bytes ||
        !is_in_own_namespace(pid, "ipc"))
        return {};
    const int set = static_cast<int>(call.arguments[0]);
    for (size_t i = 0; i < count; ++i) {
        const int number = operations[i].sem_num;
        if (operations[i].sem_op >= 0 || semctl(set, number, GETVAL) + operations[i].sem_op >= 0) continue;
        const int last = semctl(set, number, GETPID);
        if (last <= 0 || static_cast<uint32_t>(last) == pid) continue;
        snapshot::ProcessOwner owner;
        owner.pid = static_cast<uint32_t>(last);
        owner.command = command_of_owner(owner.pid);
        owner.in_doubt = true;
        owner.set = snapshot::SemaphoreOfSet{static_cast<uint32_t>(set), static_cast<uint32_t>(number)};
        if (!owner.command.empty()) return owner;
    }
    return {};
}

std::string semaphore_operations(uint32_t pid, const SystemCall& call) {
    std::array<sembuf, kToldOperations> operations{};
    const size_t count = std::min<uint64_t>(call.arguments[2], kToldOperations);
    const size_t bytes = count * sizeof(sembuf);
    if (read_memory(pid, call.arguments[1], operations.data(), bytes).bytes != bytes) return {};
    std::string words;
    for (size_t i = 0; i < count; ++i) {
        const sembuf& one = operations[i];
        words += (i == 0 ? "" : ", ") + ("semaphore " + std::to_string(one.sem_num));
        words += one.sem_op == 0 ? " for zero" : " by " + std::to_string(one.sem_op);
    }
    if (call.arguments[2] > count) words += " and more";
    return words;
}

}  // namespace reader
