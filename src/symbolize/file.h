// SPDX-License-Identifier: Apache-2.0
//
// An open file and where it was found.
#pragma once

#include <unistd.h>

#include <string>
#include <utility>

namespace symbolize {

class File {
public:
    File() = default;
    File(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
    File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)) {}
    File& operator=(File&& other) noexcept {
        std::swap(descriptor_, other.descriptor_);
        std::swap(path_, other.path_);
        return *this;
    }
    ~File() {
        if (descriptor_ >= 0) close(descriptor_);
    }

    bool is_open() const { return descriptor_ >= 0; }
    int descriptor() const { return descriptor_; }
    const std::string& path() const { return path_; }

    /// Gives the descriptor away.
    int release() { return std::exchange(descriptor_, -1); }

private:
    int descriptor_ = -1;
    std::string path_;
};

}  // namespace symbolize
