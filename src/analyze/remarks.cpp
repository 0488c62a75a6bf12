// SPDX-License-Identifier: Apache-2.0
#include "analyze/remarks.h"

#include <algorithm>

#include "analyze/words.h"

namespace analyze {

namespace {

constexpr size_t kTold = 3;

class Remarks {
public:
    Remarks(const WaitForGraph& graph, const std::vector<Node>& nodes) : graph_(graph), nodes_(nodes) {}

    std::string corrections() {
        for (const Node node : nodes_) {
            if (!graph_.is_thread(node) && !graph_.awaited(node).overruled.empty())
                tell(correction(graph_.awaited(node)));
        }
        return listing(told_);
    }

    std::string doubts() {
        for (const Node node : nodes_) {
            if (graph_.is_thread(node)) {
                const snapshot::Thread& thread = graph_.thread(node);
                if (thread.torn) tell(thread_words(thread.id) + " was writing its record when it was read");
                if (thread.presumed) tell(thread_words(thread.id) + " was never seen: only the lock's memory names it");
            } else {
                tell_doubts(graph_.awaited(node));
            }
        }
        return listing(told_);
    }

private:
    void tell(const std::string& remark) {
        if (told_.size() < kTold && std::find(told_.begin(), told_.end(), remark) == told_.end())
            told_.push_back(remark);
    }

    static std::string correction(const Awaited& awaited) {
        return "libc's memory names " + thread_words(awaited.owners.front().thread) + " as owner of " +
               object_words(awaited.object) + ", the record " + thread_words(awaited.overruled);
    }

    void tell_doubts(const Awaited& awaited) {
        const std::string lock = object_words(awaited.object);
        const std::vector<uint64_t>& known = graph_.snapshot().foreign_unlocked;
        if (std::binary_search(known.begin(), known.end(), awaited.object.address)) {
            tell(lock + " was once unlocked by a thread that did not own it");
        } else if (awaited.foreign_unlocked) {
            tell("too many locks were unlocked by non-owners to know that " + lock + " was not");
        }
        for (const Owner& owner : awaited.owners) {
            const std::optional<Node> node = graph_.node_of_thread(owner.thread);
            if (!owner.in_doubt || !node || !std::binary_search(nodes_.begin(), nodes_.end(), *node)) continue;
            const bool is_inherited = owner.hold != nullptr && owner.hold->in_doubt;
            const char* const doubt = owner.queued   ? " only queues for "
                                      : is_inherited ? " was forked with, and maybe without a copy of, "
                                                     : " may have let go of ";
            tell(thread_words(owner.thread) + doubt + lock);
        }
    }

    const WaitForGraph& graph_;
    const std::vector<Node>& nodes_;
    std::vector<std::string> told_;
};

}  // namespace

std::string remarks(const WaitForGraph& graph, const std::vector<Node>& nodes, Certainty certainty) {
    std::string text;
    const std::string corrections = Remarks(graph, nodes).corrections();
    if (!corrections.empty()) text += " (" + corrections + ")";
    if (certainty != Certainty::kLikely) return text;
    const std::string doubts = Remarks(graph, nodes).doubts();
    return doubts.empty() ? text : text + "; not proved: " + doubts;
}

}  // namespace analyze
