// SPDX-License-Identifier: Apache-2.0
//
// File names of recordings: loiter-PID-STARTTICKS-NONCE, the nonce as 16 hexadecimal digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace reader {

struct RecordingName {
    uint32_t pid = 0;  ///< in the target's pid namespace
    uint64_t start_ticks = 0;
    uint64_t nonce = 0;
};

/// Looks at what follows the last slash of `path`. Empty: not such a name.
std::optional<RecordingName> parse_recording_name(std::string_view path);

}  // namespace reader
