// SPDX-License-Identifier: Apache-2.0
//
// Whether a descriptor is still the file that a call waits on: the kernel keeps that file for the call, but
// tells its number alone, and another thread may have closed the number and been given it again. The function
// of the kernel that the thread sleeps in is of the one kind of file that was there when the call began.
#pragma once

#include <cstdint>
#include <string_view>

namespace reader {

/// `function`: as /proc/PID/task/TID/wchan has it; `mode`: of the file that the descriptor is now. False where nothing
/// contradicts.
bool waits_on_another_file(std::string_view function, uint32_t mode);

}  // namespace reader
