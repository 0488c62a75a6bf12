// SPDX-License-Identifier: Apache-2.0
#include "read/owners/stream_locks.h"

#include <linux/futex.h>
#include <stdio.h>

#include <array>
#include <cstddef>
#include <utility>

#include "read/calls/system_calls.h"

namespace reader {

using snapshot::LockKind;

namespace {

// libc's: it says so in each FILE, and where a stream has its lock beside it.
constexpr uint32_t kFileMagic = 0xfbad0000;
constexpr uint32_t kFileMagicMask = 0xffff0000;
constexpr uint64_t kLockBehindFile = 224;
constexpr uint32_t kContended = 2;  ///< the value that a low-level lock is waited on with

constexpr std::string_view kList = "_IO_list_all";
constexpr std::string_view kLocksList = "_IO_list_lock";
constexpr std::string_view kTidPlace = "_thread_db_pthread_tid";
constexpr std::array<std::pair<std::string_view, const char*>, 3> kStandard = {{
    {"_IO_2_1_stdin_", "stdin"},
    {"_IO_2_1_stdout_", "stdout"},
    {"_IO_2_1_stderr_", "stderr"},
}};

constexpr size_t kMaxStreams = 4096;
constexpr size_t kCodeBytes = 96;             // of a function that takes a lock and returns
constexpr uint64_t kSelfInHandle = 16;        // the same for every thread: its ABI with compilers
constexpr uint32_t kJoined = UINT32_MAX;      // what libc makes of the number then
constexpr uint32_t kMostOfHandle = 1U << 14;  // more than any pthread_t has

/// As libc describes a field of its own to debuggers.
struct FieldPlace {
    uint32_t bits;
    uint32_t count;
    uint32_t offset;
};

}  // namespace

struct StreamLocks::File {
    uint64_t chain;
    uint64_t lock;
    int descriptor;
};

/// libc's _IO_lock_t.
struct StreamLocks::Word {
    uint32_t lock;
    uint32_t count;
    uint64_t owner;
};

snapshot::Object stream_object(const StreamLock& lock) {
    snapshot::Object object;
    object.kind = LockKind::kMutex;
    object.address = lock.stream;
    object.name = lock.name;
    object.noun = lock.is_list ? "stream list" : "stream";
    return object;
}

bool may_wait_for_stream(const SystemCall& call) {
    return is_untimed_futex_wait(call, true) && static_cast<uint32_t>(call.arguments[2]) == kContended;
}

StreamLocks::StreamLocks(ReadBytes read, Find find_objects, Find find_functions)
    : read_(std::move(read)), find_objects_(std::move(find_objects)), find_functions_(std::move(find_functions)) {}

void StreamLocks::prepare() {
    if (std::exchange(is_prepared_, true)) return;
    std::vector<std::string_view> wanted{kList, kTidPlace};
    for (const auto& [symbol, name] : kStandard) wanted.push_back(symbol);
    for (const auto& [address, symbol] : find_functions_({&kLocksList, 1})) locks_list_ = address;
    for (const auto& [address, symbol] : find_objects_(wanted)) {
        FieldPlace place{};
        if (symbol == kList) list_ = address;
        if (symbol == kTidPlace && copy(address, place) && place.bits == 32 && place.offset < kMostOfHandle) {
            tid_offset_ = place.offset;
        }
        for (const auto& [standard, name] : kStandard) {
            if (symbol == standard) names_.emplace(address, name);
        }
    }
}

std::optional<StreamLocks::File> StreamLocks::file_at(uint64_t address) const {
    std::array<unsigned char, sizeof(FILE)> bytes;
    if (!copy(address, bytes)) return std::nullopt;
    const auto field = [&]<typename Value>(size_t offset, Value) {
        Value value;
        __builtin_memcpy(&value, bytes.data() + offset, sizeof(value));
        return value;
    };
    const auto flags = field(offsetof(FILE, _flags), uint32_t{});
    if ((flags & kFileMagicMask) != kFileMagic) return std::nullopt;
    return File{field(offsetof(FILE, _chain), uint64_t{}), field(offsetof(FILE, _lock), uint64_t{}),
                field(offsetof(FILE, _fileno), int{})};
}

std::optional<StreamLock> StreamLocks::lock_of(uint64_t stream, uint64_t futex) const {
    const std::optional<File> file = file_at(stream);
    if (!file || file->lock != futex) return std::nullopt;
    const auto name = names_.find(stream);
    return StreamLock{stream, futex, false, name == names_.end() ? "" : name->second, file->descriptor};
}

/// libc does not export where that is, but a function that takes it: one whose code names, by their distance,
/// both the lock's word and its owner's.
bool StreamLocks::is_lock_of_list(uint64_t futex) const {
    std::array<unsigned char, kCodeBytes> code;
    if (!copy(locks_list_, code)) return false;
    const auto names = [&](uint64_t address) {
        for (size_t at = 0; at + sizeof(int32_t) <= code.size(); ++at) {
            int32_t distance;
            __builtin_memcpy(&distance, code.data() + at, sizeof(distance));
            const uint64_t next = locks_list_ + at + sizeof(distance);
            if (next + static_cast<uint64_t>(int64_t{distance}) == address) return true;
        }
        return false;
    };
    return names(futex) && names(futex + offsetof(Word, owner));
}

/// What fopen makes has its lock behind it, the standard streams are asked one by one, and whatever else
/// reads or writes a descriptor is in libc's list, whose own lock it may be.
std::optional<StreamLock> StreamLocks::with_lock(uint64_t futex) {
    if (futex <= kLockBehindFile) return std::nullopt;
    const auto [entry, is_new] = known_.try_emplace(futex);
    std::optional<StreamLock>& found = entry->second;
    if (!is_new) return found;
    prepare();
    found = lock_of(futex - kLockBehindFile, futex);
    for (auto name = names_.begin(); !found && name != names_.end(); ++name) found = lock_of(name->first, futex);
    uint64_t stream = 0;
    if (!found) copy(list_, stream);
    for (size_t streams = 0; !found && stream != 0 && streams < kMaxStreams; ++streams) {
        const std::optional<File> file = file_at(stream);
        if (!file) break;
        found = lock_of(stream, futex);
        stream = file->chain;
    }
    if (!found && is_lock_of_list(futex)) found = StreamLock{futex, futex, true, "", -1};
    return found;
}

std::optional<StreamLocks::Word> StreamLocks::word_of(const StreamLock& lock) const {
    Word word;
    return copy(lock.lock, word) ? std::optional<Word>(word) : std::nullopt;
}

/// 0: the thread has ended. The kernel clears the number then, and the memory may be anything's later.
std::optional<uint32_t> StreamLocks::tid_of(uint64_t handle) const {
    if (tid_offset_ == 0) return std::nullopt;
    uint64_t self = 0;
    uint32_t tid = 0;
    if (!copy(handle + kSelfInHandle, self) || self != handle || !copy(handle + tid_offset_, tid)) return 0;
    return tid == kJoined ? 0 : tid;
}

/// Who has ended by the second look, and is still named, ended with the lock.
void StreamLocks::add_owner(const StreamLock& lock, LockWords& words) {
    prepare();
    const std::optional<Word> word = word_of(lock);
    words.owner_tids.insert_or_assign(lock.stream, 0);
    if (!word || word->lock == 0 || word->owner == 0) return;
    const std::optional<uint32_t> tid = tid_of(word->owner);
    const std::optional<Word> later = word_of(lock);
    if (!tid || !later || later->owner != word->owner) return;
    words.owner_tids.insert_or_assign(lock.stream, *tid);
    if (*tid == 0) words.ended_owners.insert_or_assign(lock.stream, word->owner);
}

}  // namespace reader
