// SPDX-License-Identifier: Apache-2.0
//
// The files of one module: the module itself and its separate debug file, each only if it is the one that ran.
#pragma once

#include <cstdint>
#include <string>

#include "symbolize/debuginfod.h"
#include "symbolize/file.h"

namespace symbolize {

/// What a recording says of a module.
struct ModuleIdentity {
    std::string path;
    std::string build_id;   ///< lower-case hex; empty: not known, any file at `path` is taken
    std::string root;       ///< prefix under which the target's paths are found; empty: none
    std::string link = {};  ///< where the very file can be opened that has no name any more; empty: nowhere

    auto operator<=>(const ModuleIdentity&) const = default;
};

class ModuleFiles {
public:
    /// `debuginfod` null: never asked.
    ModuleFiles(ModuleIdentity identity, Debuginfod* debuginfod);

    /// The module; a debug file of the same build-id, which has the same addresses, where it is gone or another one.
    File open();

    /// For the module that `open` gave. `debuglink` and its checksum are what the module says, null: it does not.
    File open_debug_file(const char* debuglink, uint32_t checksum);

private:
    File if_matching(File file) const;
    File open_matching(const std::string& path) const;
    File open_by_build_id() const;
    File open_by_debuglink(const std::string& name, uint32_t checksum) const;

    ModuleIdentity identity_;
    Debuginfod* debuginfod_;
    std::string found_at_;
};

}  // namespace symbolize
