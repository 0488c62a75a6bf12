// SPDX-License-Identifier: Apache-2.0
//
// What the text reports of a run's processes come to: "3 of 12 processes: 1 deadlock, 2 blocked threads". Of one
// process its own last line has said it.
#include <fmt/format.h>

#include "render/last_looks.h"
#include "render/tally.h"

namespace render {

namespace {

class TextTotal : public LastLooks<Tally> {
public:
    using LastLooks::LastLooks;

    std::string text() const override {
        Tally all;
        size_t with_findings = 0;
        for (const auto& [process, tally] : parts()) {
            with_findings += tally.is_empty() ? 0 : 1;
            all.add(tally);
        }
        if (with_findings < 2) return "";
        std::vector<std::string> words = all.strong();
        for (std::string& word : all.leftover()) words.push_back(std::move(word));
        return fmt::format("{} of {} processes: {}", with_findings, parts().size(), fmt::join(words, ", "));
    }

protected:
    Tally look(const snapshot::Snapshot&, const analyze::Analysis& analysis) const override {
        Tally tally;
        for (const analyze::Finding& finding : analysis.findings) {
            if (!finding.suppressed_by) tally.add(finding);
        }
        return tally;
    }
};

}  // namespace

std::unique_ptr<Document> text_total(const RunFacts& facts) {
    return std::make_unique<TextTotal>(facts);
}

}  // namespace render
