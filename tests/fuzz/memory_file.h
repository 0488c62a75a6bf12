// SPDX-License-Identifier: Apache-2.0
//
// An input as a file with a path, without a disk.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "tests/fuzz/target.h"

namespace fuzz {

class MemoryFile {
public:
    explicit MemoryFile(Bytes content) : descriptor_(memfd_create("input", MFD_CLOEXEC)) {
        if (descriptor_ < 0 ||
            write(descriptor_, content.data(), content.size()) != static_cast<ssize_t>(content.size()))
            std::abort();
    }
    ~MemoryFile() { close(descriptor_); }
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;

    std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

private:
    int descriptor_;
};

}  // namespace fuzz
