// SPDX-License-Identifier: Apache-2.0
//
// A table of checks: each looks at the facts and says what it found, or that it does not apply.
#pragma once

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "doctor/doctor.h"

namespace doctor {

using Judged = std::optional<Check>;  ///< empty: does not apply

template <typename Facts>
struct CheckRow {
    const char* about;
    Judged (*judge)(const Facts&);
};

/// In the order of the table.
template <typename Facts>
std::vector<Check> judge_all(std::span<const CheckRow<Facts>> table, const Facts& facts) {
    std::vector<Check> checks;
    for (const CheckRow<Facts>& row : table) {
        Judged judged = row.judge(facts);
        if (!judged) continue;
        judged->about = row.about;
        checks.push_back(std::move(*judged));
    }
    return checks;
}

}  // namespace doctor
