// SPDX-License-Identifier: Apache-2.0
//
// JSON reports that were written earlier, by this loiter or another.
#pragma once

#include <string>
#include <string_view>

#include "analyze/comparison.h"

namespace policy {

/// Of one process or several, an object each. Throws Error, with `file`, for a text that is no report.
analyze::Digest digest_of_report(std::string_view text, const std::string& file);

}  // namespace policy
