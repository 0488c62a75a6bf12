// SPDX-License-Identifier: Apache-2.0
//
// Lines for flame graphs, "bank;main;worker;[cond wait] 3": program, frames from the root, state, threads.
#include <fmt/format.h>

#include <algorithm>

#include "render/document.h"
#include "render/last_looks.h"
#include "render/render.h"
#include "render/stacks.h"
#include "render/words.h"

namespace render {

namespace {

using Counts = std::map<std::string, uint64_t>;

/// What separates frames is no part of one; a line of C++ may have it.
std::string folded_name(std::string name) {
    std::replace(name.begin(), name.end(), ';', ':');
    return name;
}

class Folded : public LastLooks<Counts> {
public:
    using LastLooks::LastLooks;

    std::string text() const override {
        Counts all;
        for (const auto& [process, counts] : parts()) {
            for (const auto& [line, count] : counts) all[line] += count;
        }
        std::string lines;
        for (const auto& [line, count] : all) lines += fmt::format("{} {}\n", line, count);
        return lines;
    }

protected:
    Counts look(const snapshot::Snapshot& snapshot, const analyze::Analysis&) const override {
        const Stacks stacks(snapshot, facts().full_stacks);
        Counts counts;
        for (const snapshot::Thread& thread : snapshot.threads) {
            if (thread.finished) continue;
            std::string line = folded_name(program_name(snapshot.process));
            const auto frames = stacks.shown(thread.stack == 0 ? thread.entry : thread.stack);
            for (auto frame = frames.rbegin(); frame != frames.rend(); ++frame) {
                line += ";" + folded_name(frame_label(*frame));
                if (frame->left_out_before != 0) line += ";" + folded_name(left_out_words(frame->left_out_before));
            }
            ++counts[line + ";[" + folded_name(printable(snapshot::state_word(thread))) + "]"];
        }
        return counts;
    }
};

}  // namespace

std::unique_ptr<Document> folded(const RunFacts& facts) {
    return std::make_unique<Folded>(facts);
}

}  // namespace render
