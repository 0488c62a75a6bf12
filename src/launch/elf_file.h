// SPDX-License-Identifier: Apache-2.0
//
// The parts of an ELF file that decide how it is loaded. The file may be anything: every count is
// bounded, and what cannot be read is as if it were not there.
#pragma once

#include <elf.h>

#include <optional>
#include <string>
#include <vector>

#include "launch/file_descriptor.h"

namespace launch {

/// Up to `size` bytes; fewer, or none, where the file ends.
std::string read_at(const FileDescriptor& file, uint64_t offset, size_t size);

/// Of a 64-bit file; no value: not all of it is there.
std::optional<std::vector<Elf64_Phdr>> segments_of(const FileDescriptor& file, const Elf64_Ehdr& header);

/// The loader that the file asks for; empty: none, it is static.
std::string loader_of(const FileDescriptor& file, const std::vector<Elf64_Phdr>& segments);

/// The libraries that it needs, as it names them.
std::vector<std::string> needed_libraries(const FileDescriptor& file, const std::vector<Elf64_Phdr>& segments);

/// The Go linker leaves a note or a section of its own.
bool is_built_by_go(const FileDescriptor& file, const Elf64_Ehdr& header);

}  // namespace launch
