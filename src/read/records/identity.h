// SPDX-License-Identifier: Apache-2.0
//
// Which process wrote a recording, and what became of it. A pid alone says little: it is used
// again, has another value in another namespace, and keeps its value over exec.
#pragma once

#include <array>
#include <cstdint>

#include "protocol/layout.h"
#include "read/records/source.h"

namespace reader {

enum class Fate {
    kRuns,      ///< and still is the image that records
    kReplaced,  ///< it runs, but another image took its place
    kGone,
    kHidden,  ///< of a pid namespace that cannot be seen from here
};

class Identity {
public:
    /// `pid`: in the reader's namespace, where it is known; 0: to be found.
    Identity(const protocol::ProcessRecord& head, uint32_t pid);

    /// In the reader's pid namespace where it can be told, else as recorded.
    uint32_t pid() const;
    /// Its threads have other numbers in its own pid namespace.
    bool is_in_other_namespace() const;
    /// A process runs that is the one that wrote the recording, with whatever image.
    bool runs() const;
    Fate fate(const Source& source) const;
    /// The machine was not started anew since: its clocks go on.
    bool is_of_this_boot() const;

    /// Prefix under which this reader finds the files that the process sees; empty: none is needed.
    std::string root() const;

private:
    uint32_t find() const;
    bool is_visible() const;
    Fate fate_of_running(const Source& source) const;

    uint32_t recorded_pid_;
    uint64_t start_ticks_;
    uint64_t pid_namespace_;
    uint64_t nonce_;
    std::array<uint8_t, 16> boot_id_;
    mutable uint32_t pid_;  ///< 0: not found yet
};

/// Prefix under which this reader finds the files that process `pid` sees; empty: none is needed.
std::string root_of(uint32_t pid);

}  // namespace reader
