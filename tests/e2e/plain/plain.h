// SPDX-License-Identifier: Apache-2.0
//
// What the tests of plainly preloaded programs share.
#pragma once

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/target_runner.h"

namespace plain {

/// A program under the library; `options` as LOITER_OPTIONS has them.
inline support::Command preloaded(std::vector<std::string> arguments, const std::string& options = "grace=20ms") {
    support::Command command{std::move(arguments)};
    command.environment = {{"LD_PRELOAD", LOITER_LIBRARY}, {"LOITER_OPTIONS", options}};
    return command;
}

inline long line_count(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

/// Runs it to its end; whether it has left a recording of its own in the usual place.
inline bool leaves_recording(const support::Command& command, support::Outcome& outcome) {
    support::Running running(command);
    const std::string prefix = "loiter-" + std::to_string(running.pid()) + "-";
    outcome = running.finish();
    for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
        if (entry.path().filename().string().starts_with(prefix)) return true;
    }
    return false;
}

/// Files of recordings in a folder.
inline size_t recordings_in(const std::string& folder) {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        if (entry.path().filename().string().starts_with("loiter-")) ++count;
    }
    return count;
}

}  // namespace plain
