// SPDX-License-Identifier: Apache-2.0
//
// What modules' addresses were found to be called, kept on disk from one command to the next: one file
// a module, by its build-id. Any file may be missing, cut, damaged, or of other times: then it is as if
// there were none. Written beside and renamed, so that nobody reads half of one.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "symbolize/module_files.h"

namespace symbolize {

/// One call at an address.
struct Place {
    std::string function;  ///< empty: not known
    std::string file;      ///< empty: not known
    int line = 0;          ///< 0: not known
    bool inlined = false;  ///< into the next place

    bool operator==(const Place&) const = default;
};

/// Of one module, by ELF virtual addresses.
struct Names {
    std::unordered_map<uint64_t, std::vector<Place>> places;       ///< innermost call first
    std::map<std::pair<uint64_t, uint64_t>, std::string> objects;  ///< by address and size asked for
};

class NameCache {
public:
    static constexpr uint64_t kMaxFileBytes = uint64_t{16} << 20;
    static constexpr uint64_t kMaxFolderBytes = uint64_t{256} << 20;

    /// `folder`: made when first needed; empty: nothing is kept. `version`: of who looks names up;
    /// what another version found is not taken.
    NameCache(std::string folder, std::string version);

    /// What names come from, as it is now: the module, and where debug files of it are, or will be, put. A
    /// program that is built again has another build-id; debug information may come, or go, at any time.
    uint64_t witness(const ModuleIdentity& identity) const;

    /// Empty: nothing is known, or the module's files were others when it was looked up.
    std::optional<Names> load(const ModuleIdentity& identity, uint64_t witness) const;
    /// `witness`: of before the look-ups. Best effort: a folder that cannot be written, or is another user's,
    /// keeps nothing.
    void save(const ModuleIdentity& identity, const Names& names, uint64_t witness) const;

private:
    std::string path_of(const ModuleIdentity& identity) const;
    bool prepare_folder() const;
    void make_room() const;

    std::string folder_;
    std::string version_;
};

}  // namespace symbolize
