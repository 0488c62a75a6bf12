// SPDX-License-Identifier: Apache-2.0
//
// Addresses to names: function, file, line and inlined calls from DWARF (libdw), function names
// from symbol tables where there is no DWARF, and the names of global objects.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "snapshot/snapshot.h"

namespace symbolize {

struct Options {
    bool use_debuginfod = false;     ///< ask debuginfod servers for what is not on this machine
    std::string cache_folder = {};   ///< where names are kept for the next command; empty: nowhere
    std::string cache_version = {};  ///< of this program: names that another one found are not taken
    std::function<void(size_t done, size_t all)> progress = {};  ///< called for each stack
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

/// $XDG_CACHE_HOME/loiter or ~/.cache/loiter; empty: neither is known, or it is another user's.
std::string default_cache_folder();

}  // namespace symbolize
