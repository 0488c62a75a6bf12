// SPDX-License-Identifier: Apache-2.0
//
// Which unix sockets are connected to which: /proc does not tell, the kernel's socket diagnosis does,
// of the caller's own network namespace.
#pragma once

#include <cstdint>
#include <unordered_map>

namespace reader {

/// Other end by inode; sockets that are connected to nothing are left out. 0: the other end is no open
/// socket: it was closed, or nobody has accepted it yet. Empty: the kernel would not say.
std::unordered_map<uint64_t, uint64_t> read_unix_peers();

}  // namespace reader
