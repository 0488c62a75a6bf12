// SPDX-License-Identifier: Apache-2.0
//
// The memory of a dead process: its core, and for what cores leave out, the files that were mapped.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "read/core/core_file.h"
#include "unwind/memory.h"

namespace reader {

class CoreMemory {
public:
    /// Outlives this.
    explicit CoreMemory(const CoreFile& core);
    ~CoreMemory();
    CoreMemory(const CoreMemory&) = delete;
    CoreMemory& operator=(const CoreMemory&) = delete;

    /// Copies up to `bytes`; returns how many are known.
    size_t read(uint64_t address, void* to, size_t bytes) const;
    /// By address.
    std::vector<unwind::Region> regions() const;
    /// Path of the file that was mapped at `address`; empty: none.
    std::string path_at(uint64_t address) const;
    /// Which files of code are missing, or are no longer the ones that ran; empty: none.
    std::string note() const;

private:
    const CoreMapping* mapping_at(uint64_t address) const;
    size_t read_file(uint64_t address, void* to, size_t bytes) const;
    void open_file(const CoreMapping& first, bool has_code);
    bool is_segment(const CoreMapping& mapping) const;
    std::set<std::string_view> files_of_code() const;

    const CoreFile& core_;
    std::map<std::string, int> files_;  ///< descriptors by path; -1: not to be used
    std::vector<std::string> missing_;
    std::vector<std::string> others_;  ///< there, but not what ran
};

}  // namespace reader
