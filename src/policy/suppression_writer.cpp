// SPDX-License-Identifier: Apache-2.0
#include "policy/suppression_writer.h"

#include <algorithm>

#include "analyze/frames.h"
#include "policy/suppression.h"
#include "snapshot/characters.h"

namespace policy {

namespace {

using snapshot::Snapshot;
using snapshot::StackIndex;

/// With `other` for what is no text, or what a terminal would obey: a team looks the file over.
std::string shown(const std::string& text, char other) {
    std::string shown;
    for (size_t at = 0; at < text.size();) {
        const snapshot::Character next = snapshot::first_character(std::string_view(text).substr(at));
        const bool is_shown =
            next.bytes != 0 && !snapshot::is_control(next.code_point) && !snapshot::rearranges(next.code_point);
        const size_t bytes = std::max<size_t>(next.bytes, 1);
        is_shown ? shown.append(text, at, bytes) : shown += other;
        at += bytes;
    }
    return shown;
}

/// Whole where that cannot be misread: an entry is one line, and its patterns end at the next kind.
std::string anchored(const std::string& text) {
    return "^" + shown(text, '*') + "$";
}

std::string condition(Kind kind, const std::string& text) {
    return text.empty() ? "" : " " + std::string(word(kind)) + ":" + anchored(text);
}

/// Function, or module where none is known: what of a frame stays the same.
std::string name_of(const snapshot::Frame& frame) {
    return frame.function.empty() ? frame.module : frame.function;
}

std::string name_of_top(const Snapshot& snapshot, StackIndex stack) {
    const snapshot::Frame* const top = analyze::first_program_frame(snapshot.stacks.at(stack));
    return top == nullptr ? "" : name_of(*top);
}

std::string commented(const std::string& message) {
    return "# " + shown(message, ' ') + "\n";
}

std::string conditions_of(const Snapshot& snapshot, const analyze::Finding& finding) {
    if (!finding.order.empty()) {
        const analyze::OrderEdge& edge = finding.order.front();
        return condition(Kind::kTop, name_of_top(snapshot, edge.stack)) + condition(Kind::kLock, edge.lock.name);
    }
    const snapshot::Thread* const thread =
        finding.threads.empty() ? nullptr : snapshot::find_thread(snapshot, finding.threads.front());
    if (thread == nullptr) return "";
    std::string conditions = condition(Kind::kTop, name_of_top(snapshot, thread->stack));
    if (thread->wait) conditions += condition(Kind::kLock, thread->wait->object.name);
    const auto& entry = snapshot.stacks.at(thread->entry).frames;
    if (!entry.empty()) conditions += condition(Kind::kStarted, name_of(entry.front()));
    conditions += condition(Kind::kCreatedBy, name_of_top(snapshot, thread->created_stack));
    return conditions;
}

}  // namespace

std::string write_suppression(const Snapshot& snapshot, const analyze::Finding& finding) {
    const std::string entry = std::string(word(Kind::kVerdict)) + ":" + std::string(analyze::word(finding.verdict)) +
                              conditions_of(snapshot, finding);
    const std::vector<Suppression> parsed = parse_suppressions(entry, "");
    const bool tells = parsed.size() == 1 && parsed.front().conditions.size() > 1;
    if (!tells || !fits(parsed.front(), snapshot, finding)) return "";
    return commented(finding.message) + entry + "\n";
}

}  // namespace policy
