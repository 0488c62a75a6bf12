// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "doctor/doctor.h"

namespace doctor {

/// "no program": the marks that are not ok, in order.
inline std::vector<std::string> complaints(const std::vector<Check>& checks) {
    std::vector<std::string> shown;
    for (const Check& check : checks) {
        if (check.mark != Mark::kOk) shown.push_back(std::string(word(check.mark)) + " " + check.about);
    }
    return shown;
}

inline Check check_about(const std::vector<Check>& checks, const std::string& about) {
    const auto found =
        std::find_if(checks.begin(), checks.end(), [&](const Check& check) { return check.about == about; });
    return found == checks.end() ? Check{"(no such check)", Mark::kOk, "", ""} : *found;
}

/// Whoever is told that something is amiss is told what to do.
inline bool all_complaints_advise(const std::vector<Check>& checks) {
    return std::all_of(checks.begin(), checks.end(), [](const Check& check) {
        return !check.reason.empty() && (check.mark == Mark::kOk || !check.advice.empty());
    });
}

}  // namespace doctor
