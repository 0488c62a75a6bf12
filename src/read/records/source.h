// SPDX-License-Identifier: Apache-2.0
//
// Where the bytes of a recording come from: a file, or the memory of the process that writes it.
// Bytes are copied, never mapped, and every count is checked against what really came.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace reader {

class Source {
public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    /// Copies up to `bytes` from `offset`. Returns how many came; the rest of `to` is untouched.
    virtual size_t read(uint64_t offset, void* to, size_t bytes) const = 0;
    /// Returns false where that is not allowed, or nobody is there any more.
    virtual bool write(uint64_t offset, const void* from, size_t bytes) = 0;
    virtual uint64_t size() const = 0;
    /// Cuts what lies behind `bytes`. Best effort.
    virtual void cut(uint64_t bytes) = 0;
    /// Inode of the file; 0: it is none.
    virtual uint64_t inode() const = 0;
};

/// Copies one value; false when it is not all there.
template <typename Value>
bool read_value(const Source& source, uint64_t offset, Value& value) {
    return source.read(offset, &value, sizeof(value)) == sizeof(value);
}

/// A regular file of this user (root: of any). Throws Error.
std::unique_ptr<Source> open_file(const std::string& path);

/// `bytes` at `address` of a live process.
std::unique_ptr<Source> open_memory(uint32_t pid, uint64_t address, uint64_t bytes);

}  // namespace reader
