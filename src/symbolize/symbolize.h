// SPDX-License-Identifier: Apache-2.0
//
// Addresses to names: function, file, line and inlined calls from DWARF (libdw), function names
// from symbol tables where there is no DWARF, and the names of global objects.
#pragma once

#include <memory>
#include <string>

#include "snapshot/snapshot.h"

namespace symbolize {

struct Options {
    bool use_debuginfod = false;  ///< ask debuginfod servers for what is not on this machine
};

/// Keeps opened modules between snapshots; each address is looked up once. Missing or damaged files
/// and debug information leave fields empty, never fail.
class Symbolizer {
public:
    explicit Symbolizer(Options options = {});
    ~Symbolizer();
    Symbolizer(const Symbolizer&) = delete;
    Symbolizer& operator=(const Symbolizer&) = delete;

    /// Names every frame (adding one for each inlined call), every global lock of the snapshot, and the
    /// functions by which threads came into I/O.
    void name(snapshot::Snapshot& snapshot);

private:
    struct Cache;
    std::unique_ptr<Cache> cache_;
};

}  // namespace symbolize
