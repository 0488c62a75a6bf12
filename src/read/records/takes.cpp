// SPDX-License-Identifier: Apache-2.0
#include "read/records/takes.h"

#include <algorithm>
#include <optional>

#include "read/records/lock_kinds.h"

namespace reader {

using snapshot::Take;
using snapshot::TakeKind;

namespace {

constexpr uint64_t kMarks = protocol::kTakenSemaphore | protocol::kTakenFile | protocol::kTakenSystemV;

/// 0 is none of them, one less than the first.
snapshot::FileLockKind file_lock_of(uint64_t object) {
    return file_lock_kind_of(static_cast<protocol::FileLockKind>((object & protocol::kTakenFileKind) - 1));
}

struct Note {
    Take take;
    uint64_t time_ns = 0;
    uint32_t stack = 0;
};

std::optional<Note> note_of(uint32_t thread, const SignalCopy& signal) {
    Note note;
    switch (signal.object & kMarks) {
        case protocol::kTakenSemaphore: note.take.kind = TakeKind::kSemaphore; break;
        case protocol::kTakenFile: note.take.kind = TakeKind::kFile; break;
        case protocol::kTakenSystemV: note.take.kind = TakeKind::kSystemV; break;
        default: return std::nullopt;
    }
    note.take.object = signal.object & ~kMarks;
    if (note.take.kind == TakeKind::kFile) {
        note.take.file_lock = file_lock_of(note.take.object);
        note.take.object >>= protocol::kTakenFileShift;
    }
    if (note.take.kind == TakeKind::kSystemV) {
        note.take.number = static_cast<uint32_t>(note.take.object >> 32) & 0xffff;
        note.take.object = static_cast<uint32_t>(note.take.object);
    }
    note.take.thread = thread;
    note.take.given_back = signal.kind != protocol::SignalKind::kTake;
    note.time_ns = signal.time_ns;
    note.stack = signal.stack;
    return note;
}

}  // namespace

std::vector<Take> takes_of(const std::vector<ThreadCopy>& threads, const Legacy& legacy, const Times& times,
                           StackTable& stacks) {
    std::vector<Note> notes;
    const auto add = [&](uint32_t thread, const SignalCopy& signal) {
        std::optional<Note> note = note_of(thread, signal);
        if (note && thread != 0) notes.push_back(std::move(*note));
    };
    for (const ThreadCopy& thread : threads) {
        for (const SignalCopy& signal : thread.signals) add(thread.number, signal);
    }
    for (const SignalCopy& signal : legacy.signals) add(signal.past_thread, signal);
    std::sort(notes.begin(), notes.end(), [](const Note& a, const Note& b) { return a.time_ns > b.time_ns; });
    std::vector<Take> takes;
    for (Note& note : notes) {
        note.take.ago_seconds = times.since(note.time_ns);
        note.take.stack = stacks.index_of(note.stack);
        takes.push_back(note.take);
    }
    return takes;
}

}  // namespace reader
