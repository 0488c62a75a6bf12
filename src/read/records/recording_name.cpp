// SPDX-License-Identifier: Apache-2.0
#include "read/records/recording_name.h"

#include <charconv>

#include "protocol/layout.h"

namespace reader {

namespace {

constexpr size_t kNonceDigits = 16;

/// Takes digits and what ends them; `end` 0: the end of the text.
template <typename Number>
bool take(std::string_view& text, int base, char end, Number& value) {
    const char* const last = text.data() + text.size();
    const auto parsed = std::from_chars(text.data(), last, value, base);
    if (parsed.ec != std::errc{} || (end == '\0' ? parsed.ptr != last : parsed.ptr == last || *parsed.ptr != end)) {
        return false;
    }
    text.remove_prefix(static_cast<size_t>(parsed.ptr - text.data()) + (end == '\0' ? 0 : 1));
    return true;
}

}  // namespace

std::optional<RecordingName> parse_recording_name(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);
    if (!name.starts_with(protocol::kFilePrefix)) return std::nullopt;
    name.remove_prefix(sizeof(protocol::kFilePrefix) - 1);
    RecordingName parsed;
    if (!take(name, 10, '-', parsed.pid) || !take(name, 10, '-', parsed.start_ticks)) return std::nullopt;
    if (name.size() != kNonceDigits || !take(name, 16, '\0', parsed.nonce)) return std::nullopt;
    return parsed;
}

}  // namespace reader
