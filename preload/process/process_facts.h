// SPDX-License-Identifier: Apache-2.0
//
// What the kernel says of this process, asked by system calls alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace preload {

struct ProcessFacts {
    uint32_t pid;
    uint32_t ppid;
    uint32_t uid;
    uint64_t start_ticks;    ///< field 22 of /proc/self/stat; 0: no /proc
    uint64_t pid_namespace;  ///< inode; 0: no /proc
    uint64_t nonce;          ///< random
    uint8_t boot_id[16];     ///< all zero: no /proc
};

void read_process_facts(ProcessFacts& facts);

/// Threads that the kernel knows, the calling one included; 0: no /proc.
uint64_t count_tasks();

/// Writes the path of the running executable, NUL-terminated; empty without /proc.
void read_executable_path(char* buffer, size_t size);

}  // namespace preload
