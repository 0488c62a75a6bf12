// SPDX-License-Identifier: Apache-2.0
//
// The command's own exit statuses, beside those of the program that it runs.
#pragma once

namespace command {

inline constexpr int kCannot = 125;  ///< a mistake in the command line, or nothing that could be observed or read

}  // namespace command
