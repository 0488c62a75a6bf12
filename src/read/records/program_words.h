// SPDX-License-Identifier: Apache-2.0
//
// What the program itself said by include/loiter/loiter.h: labels of threads, names of locks. Its texts lie
// in the recording's arena of stacks, and are as little trusted as the rest.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "read/records/head.h"
#include "read/records/thread_records.h"
#include "snapshot/snapshot.h"

namespace reader {

class ProgramTexts {
public:
    ProgramTexts(const Source& source, const Layout& layout, const protocol::ProcessRecord& head);

    /// Empty: none, or damaged.
    std::string text(uint32_t id) const;
    /// By address; those without a name any more are left out. O(names).
    std::map<uint64_t, std::string> lock_names() const;

private:
    template <typename Entry>
    bool read_entry(uint32_t id, uint32_t mark, Entry& entry) const;

    const Source& source_;
    const protocol::ProcessRecord& head_;
    uint64_t offset_;
    uint64_t bytes_;
};

/// Adds them to the threads, and to whatever these wait for and hold. `copies`: the records they were made of.
void add_program_words(const ProgramTexts& texts, const std::vector<ThreadCopy>& copies,
                       std::vector<snapshot::Thread>& threads);

}  // namespace reader
