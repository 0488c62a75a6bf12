// SPDX-License-Identifier: Apache-2.0
//
// Files from debuginfod servers ($DEBUGINFOD_URLS). The client library is loaded at the first question,
// so that nothing can reach a network unless an object of this class is asked.
#pragma once

#include <string>

#include "symbolize/file.h"

namespace symbolize {

class Debuginfod {
public:
    Debuginfod() = default;
    ~Debuginfod();
    Debuginfod(const Debuginfod&) = delete;
    Debuginfod& operator=(const Debuginfod&) = delete;

    /// Both: by lower-case hex build-id; a closed file when no server has it, or there is no client library.
    File debug_file(const std::string& build_id);
    File executable(const std::string& build_id);

private:
    File fetch(const char* function, const std::string& build_id);
    bool begin();

    bool tried_ = false;
    void* library_ = nullptr;
    void* client_ = nullptr;
};

}  // namespace symbolize
