// SPDX-License-Identifier: Apache-2.0
//
// Memory that processes share, which each may have at an address of its own.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace reader {

/// What a process has mapped at some address, as another one may have it elsewhere.
struct SharedPlace {
    uint64_t inode = 0;
    uint64_t offset = 0;  ///< in the file
    std::string path;
    bool deleted = false;
};

/// Empty: nobody else can reach it.
std::optional<SharedPlace> place_of(uint32_t pid, uint64_t address);
/// Where this process has it; empty: nowhere.
std::optional<uint64_t> address_of(uint32_t pid, const SharedPlace& place);

/// Numbers of files, and of threads, are those of a namespace.
bool share_namespaces(uint32_t one, uint32_t other);

}  // namespace reader
