// SPDX-License-Identifier: Apache-2.0
//
// What this command, and all that it starts, finds on this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "launch/program_file.h"

namespace doctor {

inline constexpr uint64_t kUnlimited = UINT64_MAX;

/// A folder in which a recording may be made.
struct Folder {
    std::string path;
    bool usable = false;  ///< it is one, and this user may make files in it
    uint64_t free_bytes = 0;
};

struct Machine {
    std::string library;  ///< path of the preload library; empty: not found
    bool library_path_is_plain = false;
    launch::Program library_file;
    std::vector<Folder> folders;  ///< for the recordings of a run, best first
    std::string chosen_folder;    ///< $LOITER_DIR, for processes that no command started; empty: not set
    bool chosen_is_usable = false;
    uint64_t file_size_limit = kUnlimited;
    uint64_t address_space_limit = kUnlimited;
    bool has_proc = false;
    int seccomp = 0;         ///< 2: a filter
    int ptrace_scope = 0;    ///< kernel.yama.ptrace_scope; 0 also where there is no Yama
    bool may_trace = false;  ///< has CAP_SYS_PTRACE
};

Machine look_at_machine();

/// The number behind `name` (with its colon) in the text of a /proc status file; `base` 10 or 16.
uint64_t status_number(const std::string& status, const std::string& name, int base);

}  // namespace doctor
