// SPDX-License-Identifier: Apache-2.0
//
// Snapshots of hand-written recordings, and what tests pick out of them.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "read/read.h"
#include "recording_writer.h"

namespace reader_test {

inline snapshot::Snapshot snapshot_of(const RecordingWriter& writer,
                                      snapshot::Reason reason = snapshot::Reason::kPostMortem) {
    return reader::Recording::open(writer.path()).take_snapshot(reason);
}

inline const snapshot::Thread& thread_of(const snapshot::Snapshot& snapshot, uint32_t id) {
    const snapshot::Thread* const thread = snapshot::find_thread(snapshot, id);
    if (thread == nullptr) throw std::runtime_error("no T" + std::to_string(id));
    return *thread;
}

inline std::vector<uint32_t> ids_of(const snapshot::Snapshot& snapshot) {
    std::vector<uint32_t> ids;
    for (const snapshot::Thread& thread : snapshot.threads) ids.push_back(thread.id);
    return ids;
}

inline std::vector<uint64_t> offsets_of(const snapshot::Snapshot& snapshot, snapshot::StackIndex index) {
    std::vector<uint64_t> offsets;
    for (const snapshot::Frame& frame : snapshot.stacks.at(index).frames) offsets.push_back(frame.offset);
    return offsets;
}

}  // namespace reader_test
