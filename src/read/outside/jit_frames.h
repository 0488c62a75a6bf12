// SPDX-License-Identifier: Apache-2.0
//
// Frames of code that was compiled at run time, in a live process: in memory that can be executed and is
// of no file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace reader {

/// Names of such code as the runtime that compiled it wrote them down for perf: lines of start, size and
/// name.
class PerfMap {
public:
    explicit PerfMap(std::string_view text);

    /// Empty: no line covers the address. Of several the last one, which is the newest.
    std::string name_at(uint64_t address) const;

private:
    struct Entry {
        uint64_t start = 0;
        uint64_t size = 0;
        std::string_view name;
    };

    std::string text_;
    std::vector<Entry> entries_;  ///< by start address, older ones first
};

/// Names each of them "[jit]", or "name [jit]" by /tmp/perf-PID.map. `root`: in front of the target's
/// paths.
void mark_jit_frames(uint32_t pid, const std::string& root, std::vector<snapshot::Stack>& stacks);

}  // namespace reader
