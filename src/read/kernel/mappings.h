// SPDX-License-Identifier: Apache-2.0
//
// /proc/PID/maps: which files, a recording among them, a process has mapped.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snapshot/snapshot.h"

namespace reader {

struct Mapping {
    uint64_t start = 0;
    uint64_t end = 0;
    bool readable = false;
    bool writable = false;
    bool executable = false;
    bool shared = false;  ///< with other processes, or with a file that they may map
    uint64_t offset = 0;
    uint64_t inode = 0;
    std::string path;      ///< empty: none
    bool deleted = false;  ///< the file has no name any more
};

std::optional<Mapping> parse_mapping(std::string_view line);

/// Visits the mappings in address order until `visit` returns false. Returns errno: 0 when they
/// could be read, ESRCH when there are none: the process is gone, or about to be. The leader's list
/// is empty after its end; then another thread's is taken.
int visit_mappings(uint32_t pid, const std::function<bool(const Mapping&)>& visit);
/// What such an errno means to who asked, beside missing rights and processes that are gone.
std::string why_hidden(int error);

/// Files that a live process has code of and that have no name any more, as its mappings call them, and
/// where they can be opened: the program itself by its user, others by root. Of `modules`, which are by start
/// address, by their own paths, too: links and relative names, which the kernel has not, lead to the same file.
std::map<std::string, std::string> deleted_files(uint32_t pid, const std::vector<snapshot::Module>& modules = {});

}  // namespace reader
