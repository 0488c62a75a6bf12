// SPDX-License-Identifier: Apache-2.0
//
// The head of a recording, checked once when it is opened. Where the regions lie is believed only
// then; how much of them is in use is asked for anew at each look.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/layout.h"
#include "read/records/source.h"

namespace reader {

/// Where the elements of a region lie.
struct Extent {
    uint64_t offset = 0;
    uint64_t bytes = 0;
    uint32_t stride = 0;
    uint32_t element_bytes = 0;  ///< of an element that its writer knew; the reader's may be larger or smaller
};

struct Layout {
    uint32_t head_bytes = 0;  ///< of the head that its writer knew
    Extent regions[protocol::kRegionCount];
};

/// Checks magic, version, size and regions. `name` is what messages call the recording. Throws Error.
Layout check_head(const Source& source, const std::string& name);

/// For what was copied: the copy is private, and orders were kept while it was made.
inline constexpr auto kRelaxed = std::memory_order_relaxed;

/// Copies the head; fields that its writer did not know are 0.
void copy_head(const Source& source, const Layout& layout, protocol::ProcessRecord& head);

/// Bytes of a region that are in use and really there.
uint64_t used_bytes(const Source& source, const Layout& layout, const protocol::ProcessRecord& head,
                    protocol::RegionKind kind);

/// Bytes of the recording up to the last one in use.
uint64_t bytes_in_use(const Layout& layout, const protocol::ProcessRecord& head);

/// Signal n at bit n - 1: the process has a handler for it, which is the library's.
uint64_t signals_of_library(const protocol::ProcessRecord& head);

std::string exe_of(const protocol::ProcessRecord& head);
std::vector<std::string> command_of(const protocol::ProcessRecord& head);

}  // namespace reader
