// SPDX-License-Identifier: Apache-2.0
//
// Processes of a run that have no recording yet: just forked, or not yet through the loader.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace launch {

/// A live process was started with this variable, NAME=VALUE, in its environment.
bool was_given(const std::string& variable, uint32_t pid);

/// A live process was started with this variable in its environment, or is in the middle of an exec, where
/// none can be seen, and is not of those that `is_of_others` knows. One look through /proc, at processes
/// whose environment may be read.
bool has_newcomer(const std::string& variable, const std::function<bool(uint32_t)>& is_of_others);

}  // namespace launch
