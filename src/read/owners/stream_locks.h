// SPDX-License-Identifier: Apache-2.0
//
// The locks of libc's streams: every call of stdio takes the one of its FILE, and waits for it where no
// wrapper sees it. libc keeps the owner in the lock, as its pthread_t; where a FILE has its fields is part
// of its ABI, and where a pthread_t has the thread's number libc exports for debuggers. The list of all
// streams has such a lock as well: fopen, fclose, fflush of all and the end of the process take it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "read/kernel/proc.h"
#include "read/kernel/tasks.h"
#include "read/owners/lock_words.h"
#include "snapshot/snapshot.h"

namespace reader {

struct StreamLock {
    uint64_t stream = 0;   ///< its FILE; of the list's lock that lock
    uint64_t lock = 0;     ///< the word that is waited on
    bool is_list = false;  ///< that of the list of all streams
    std::string name;      ///< "stdin"; empty: none of the three
    int descriptor = -1;   ///< -1: it has none
};

/// What a thread waits for and a report calls it.
snapshot::Object stream_object(const StreamLock& lock);

/// A wait as libc's own low-level locks have it; a mutex' may look the same.
bool may_wait_for_stream(const SystemCall& call);

class StreamLocks {
public:
    using ReadBytes = std::function<size_t(uint64_t address, void* to, size_t bytes)>;
    /// What has one of these names in the process' libc, by address.
    using Find = std::function<std::unordered_map<uint64_t, std::string_view>(std::span<const std::string_view> names)>;

    StreamLocks(ReadBytes read, Find find_objects, Find find_functions);

    /// Empty: no stream has this lock.
    std::optional<StreamLock> with_lock(uint64_t futex);
    /// Adds, under the address of the stream, who has it.
    void add_owner(const StreamLock& lock, LockWords& words);

private:
    struct File;
    struct Word;

    void prepare();
    std::optional<File> file_at(uint64_t address) const;
    std::optional<StreamLock> lock_of(uint64_t stream, uint64_t futex) const;
    bool is_lock_of_list(uint64_t futex) const;
    std::optional<Word> word_of(const StreamLock& lock) const;
    std::optional<uint32_t> tid_of(uint64_t handle) const;
    template <typename Value>
    bool copy(uint64_t address, Value& to) const {
        return address != 0 && read_(address, &to, sizeof(to)) == sizeof(to);
    }

    ReadBytes read_;
    Find find_objects_;
    Find find_functions_;
    bool is_prepared_ = false;
    uint64_t list_ = 0;                      ///< of all streams; 0: not found
    uint64_t locks_list_ = 0;                ///< the function that takes the list's lock; 0: not found
    uint64_t tid_offset_ = 0;                ///< of a thread's number in its pthread_t; 0: not known
    std::map<uint64_t, std::string> names_;  ///< of the standard streams
    std::unordered_map<uint64_t, std::optional<StreamLock>> known_;  ///< by lock
};

/// Of threads that never left that wait while owners were read: by tid, in the reader's pid namespace.
using StreamWaits = std::map<uint32_t, StreamLock>;

}  // namespace reader
