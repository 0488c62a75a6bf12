// SPDX-License-Identifier: Apache-2.0
//
// By what the processes of a run are told from others', whoever their parents are by now and in whatever folder
// they record: a number that their environment hands on, and that their recordings have.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace launch {

struct RunMark {
    uint32_t number = 0;   ///< reader::Recording::run
    std::string variable;  ///< NAME=VALUE: what the library is told of the run
};

/// A new one. `grace`: how long leftover threads may take to finish.
RunMark make_run_mark(std::chrono::milliseconds grace);

}  // namespace launch
