// SPDX-License-Identifier: Apache-2.0
//
// The folder in which the processes of one run record.
#pragma once

#include <string>

#include "launch/file_descriptor.h"

namespace launch {

/// A fresh private folder, locked while this command lives so that no other one takes it for
/// abandoned, or the folder that the user gave.
class RunDirectory {
public:
    /// `keep`: the user's folder, absolute; empty: a private one.
    explicit RunDirectory(const std::string& keep);

    /// Empty where no private folder could be made.
    const std::string& path() const { return path_; }
    bool is_private() const { return lock_.is_open(); }
    /// Removes a private folder that has become empty.
    void remove_if_empty() const;

private:
    std::string path_;
    FileDescriptor lock_;
};

}  // namespace launch
