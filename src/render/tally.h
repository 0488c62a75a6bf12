// SPDX-License-Identifier: Apache-2.0
//
// Findings counted, for last lines: "1 deadlock, 3 blocked threads".
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "analyze/finding.h"

namespace render {

class Tally {
public:
    void add(const analyze::Finding& finding);
    void add(const Tally& other);

    bool is_empty() const { return counts_.empty(); }
    /// It has more than what did not happen this time.
    bool is_failure() const;

    /// Of what is more than leftover threads, strongest first.
    std::vector<std::string> strong() const;
    std::vector<std::string> leftover() const;

private:
    struct Count {
        size_t findings = 0;
        size_t threads = 0;
    };

    std::vector<std::string> words(bool of_leftover) const;
    static std::string words(analyze::Verdict verdict, bool is_likely, const Count& count);

    std::map<std::pair<analyze::Verdict, bool>, Count> counts_;  ///< by verdict, and whether it is likely only
};

}  // namespace render
