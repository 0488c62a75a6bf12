// SPDX-License-Identifier: Apache-2.0
//
// The words of the text report: times, names, states, locks. Everything that comes from the target
// leaves here printable. (duration() and printable() are declared in render.h.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace render {

/// What a report of a process without the library lacks.
inline constexpr std::string_view kNotObserved =
    "not observed, so not known: who created a thread, since when it waits, where a lock was taken, who reads a "
    "rwlock; to know, start it by 'loiter run'";

/// "11.9~12.1s", "0.9s~3m2s"; one time when both read the same.
std::string duration_range(double low, double high);

/// "1 thread", "3 threads".
std::string counted(uint64_t count, std::string_view noun);

/// "1,872 frames left out": of a stack of which both ends are known.
std::string left_out_words(uint64_t frames);

/// Lock kinds and modes, in text and JSON: "spin lock", "shared".
std::string_view word(snapshot::LockKind kind);
std::string_view word(snapshot::Mode mode);

/// What an object is, as far as it is known: "latch", or the word of its kind.
std::string_view noun(const snapshot::Object& object);
/// Of what the thread waits for, also where that is no object of its process: "descriptor", "child".
std::string_view awaited_noun(const snapshot::Thread& thread);

/// "SIGKILL"; empty for a number without a name of its own.
std::string_view signal_name(int signal);

/// ` "auditor"`; empty for a thread that nobody named: it has the program's own name from birth.
std::string given_name(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);

/// `T3 "auditor"`, `T3`.
std::string thread_words(const snapshot::Snapshot& snapshot, uint32_t id);

/// "T4, T5, T6"; long lists in runs, "T4-T35, T40", and cut in the end.
std::string thread_list(const std::vector<uint32_t>& ids);

/// "mutex g_ledger", "mutex 0x5581c0e8".
std::string short_object_words(const snapshot::Object& object);
/// "mutex g_ledger (0x5581c0e8)", "mutex 0x5581c0e8".
std::string object_words(const snapshot::Object& object);

/// What threads of equal state do, with the range of their times: "cond wait, 11.9~12.1s"; "spinning, 98% CPU".
std::string state_words(const std::vector<const snapshot::Thread*>& threads);
/// "is now in [mutex lock, 3.2s]", "is now running", "has exited, 3.2s ago"
std::string now_words(const snapshot::Thread& thread);

/// "1.2~3s ago": when they were last known to be where their stacks say; empty: now, or not known.
std::string ago_words(const std::vector<const snapshot::Thread*>& threads);

/// "age 12.4s, CPU time 3.1s (25%)"; empty when neither is known.
std::string age_words(const std::vector<const snapshot::Thread*>& threads);

/// Columns that printable text takes, one a code point.
size_t display_width(std::string_view text);

/// Text longer than `width` columns, cut in its middle.
std::string shortened(const std::string& text, size_t width);

}  // namespace render
