// SPDX-License-Identifier: Apache-2.0
#include "analyze/pattern.h"

namespace analyze {

bool matches(std::string_view text, std::string_view pattern) {
    size_t at = 0;
    size_t next = 0;
    size_t star = std::string_view::npos;
    size_t star_at = 0;
    while (at < text.size()) {
        if (next < pattern.size() && pattern[next] == '*') {
            star = next++;
            star_at = at;
        } else if (next < pattern.size() && pattern[next] == text[at]) {
            ++next;
            ++at;
        } else if (star != std::string_view::npos) {
            next = star + 1;
            at = ++star_at;
        } else {
            return false;
        }
    }
    while (next < pattern.size() && pattern[next] == '*') ++next;
    return next == pattern.size();
}

}  // namespace analyze
