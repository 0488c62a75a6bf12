// SPDX-License-Identifier: Apache-2.0
//
// Who has what open: /proc/*/fd of every process that may be looked at, read when first asked, and once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace reader {

/// A descriptor of some process.
struct OpenFile {
    uint32_t pid = 0;
    int descriptor = -1;
    bool reads = false;
    bool writes = false;
};

class OpenFiles {
public:
    /// Those that have this name: "pipe:[123]", "socket:[123]", "/path".
    const std::vector<OpenFile>& named(const std::string& link);
    /// Why somebody may have something open that was not seen: "3 processes could not be looked at"; empty:
    /// every process was looked at.
    std::string gap();

private:
    void scan();
    bool scan_process(uint32_t pid);

    bool is_scanned_ = false;
    size_t hidden_ = 0;
    size_t links_ = 0;
    std::unordered_map<std::string, std::vector<OpenFile>> files_;
};

}  // namespace reader
