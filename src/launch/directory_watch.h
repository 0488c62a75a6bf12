// SPDX-License-Identifier: Apache-2.0
//
// News of the folder in which the observed processes record: a file appeared, or was touched by a
// process that waits for an answer.
#pragma once

#include <string>
#include <vector>

#include "launch/file_descriptor.h"

namespace launch {

class DirectoryWatch {
public:
    struct News {
        std::vector<std::string> appeared;  ///< file names, oldest first
        std::vector<std::string> touched;
        bool lost = false;  ///< overflowed, or there is no inotify to be had: look at everything
    };

    explicit DirectoryWatch(const std::string& directory);

    /// -1 where there is no inotify to be had.
    int descriptor() const { return descriptor_.get(); }
    News news();

private:
    FileDescriptor descriptor_;
};

}  // namespace launch
