// SPDX-License-Identifier: Apache-2.0
#include "policy/suppression.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "analyze/frames.h"
#include "analyze/pattern.h"

namespace policy {

namespace {

using analyze::Finding;
using analyze::Verdict;
using snapshot::Frame;
using snapshot::Snapshot;
using std::string_view;

constexpr std::array<std::pair<string_view, Kind>, 8> kKinds = {{{"thread", Kind::kThread},
                                                                 {"started", Kind::kStarted},
                                                                 {"created_by", Kind::kCreatedBy},
                                                                 {"blocked_in", Kind::kBlockedIn},
                                                                 {"top", Kind::kTop},
                                                                 {"lock", Kind::kLock},
                                                                 {"module", Kind::kModule},
                                                                 {"verdict", Kind::kVerdict}}};

/// The kind with which `text` begins.
std::optional<Kind> leading_kind(string_view text) {
    for (const auto& [name, kind] : kKinds) {
        if (text.starts_with(name) && text.substr(name.size()).starts_with(':')) return kind;
    }
    return std::nullopt;
}

/// Within a line "lock::held" is a part of a name.
bool begins_condition(string_view text) {
    return leading_kind(text).has_value() && !text.substr(text.find(':')).starts_with("::");
}

string_view trimmed(string_view text) {
    constexpr string_view kBlank = " \t\r";
    const size_t begin = text.find_first_not_of(kBlank);
    if (begin == string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

/// From the start of each condition to that of the next: names of functions have blanks in them.
std::vector<string_view> split_conditions(string_view line) {
    std::vector<string_view> parts;
    size_t begin = 0;
    for (size_t at = 1; at < line.size(); ++at) {
        const bool is_after_blank = line[at - 1] == ' ' || line[at - 1] == '\t';
        if (!is_after_blank || !begins_condition(line.substr(at))) continue;
        parts.push_back(trimmed(line.substr(begin, at - begin)));
        begin = at;
    }
    parts.push_back(trimmed(line.substr(begin)));
    return parts;
}

std::string known_kinds() {
    std::string list;
    for (const auto& [name, kind] : kKinds) list += (list.empty() ? "" : ", ") + std::string(name);
    return list;
}

Condition parse_condition(string_view part, const std::string& place) {
    const std::optional<Kind> kind = leading_kind(part);
    if (!kind) {
        throw Error(place + ": '" + std::string(part) + "' is not kind:pattern; kinds are " + known_kinds());
    }
    const string_view pattern = trimmed(part.substr(part.find(':') + 1));
    if (pattern.empty()) throw Error(place + ": nothing follows '" + std::string(part) + "'; * stands for anything");
    if (*kind == Kind::kVerdict && !analyze::verdict_from_word(pattern)) {
        throw Error(place + ": '" + std::string(pattern) + "' is no verdict; deadlock and blocked are two of them");
    }
    return {*kind, std::string(pattern)};
}

bool matches(string_view text, string_view pattern) {
    const bool at_begin = pattern.starts_with('^');
    if (at_begin) pattern.remove_prefix(1);
    const bool at_end = pattern.ends_with('$');
    if (at_end) pattern.remove_suffix(1);
    return analyze::matches(text, (at_begin ? "" : "*") + std::string(pattern) + (at_end ? "" : "*"));
}

bool matches_frame(const Frame& frame, string_view pattern) {
    const auto is_named = [pattern](const std::string& text) { return !text.empty() && matches(text, pattern); };
    return is_named(frame.function) || is_named(frame.file) || is_named(frame.module);
}

/// What one thread brings to a finding; of an order of locks, the thread that took them so.
struct Sight {
    const Finding& finding;
    const snapshot::Thread* thread = nullptr;  ///< null: gone
    std::vector<const snapshot::Stack*> stacks;
    std::vector<string_view> locks;
};

bool any_frame(const std::vector<const snapshot::Stack*>& stacks, string_view pattern) {
    return std::any_of(stacks.begin(), stacks.end(), [&](const snapshot::Stack* stack) {
        return std::any_of(stack->frames.begin(), stack->frames.end(),
                           [&](const Frame& frame) { return matches_frame(frame, pattern); });
    });
}

bool any_top(const std::vector<const snapshot::Stack*>& stacks, string_view pattern) {
    return std::any_of(stacks.begin(), stacks.end(), [&](const snapshot::Stack* stack) {
        if (stack->frames.empty()) return false;
        const Frame* const top = analyze::first_program_frame(*stack);
        return matches_frame(top == nullptr ? stack->frames.front() : *top, pattern);
    });
}

bool any_module(const std::vector<const snapshot::Stack*>& stacks, string_view pattern) {
    return std::any_of(stacks.begin(), stacks.end(), [&](const snapshot::Stack* stack) {
        return std::any_of(stack->frames.begin(), stack->frames.end(),
                           [&](const Frame& frame) { return !frame.module.empty() && matches(frame.module, pattern); });
    });
}

bool holds(const Condition& condition, const Snapshot& snapshot, const Sight& sight) {
    const string_view pattern = condition.pattern;
    const auto stack = [&](snapshot::StackIndex index) { return std::vector{&snapshot.stacks.at(index)}; };
    const snapshot::Thread* const thread = sight.thread;
    switch (condition.kind) {
        case Kind::kThread: return thread != nullptr && matches(thread->name, pattern);
        case Kind::kStarted: return thread != nullptr && any_frame(stack(thread->entry), pattern);
        case Kind::kCreatedBy: return thread != nullptr && any_frame(stack(thread->created_stack), pattern);
        case Kind::kBlockedIn: return any_frame(sight.stacks, pattern);
        case Kind::kTop: return any_top(sight.stacks, pattern);
        case Kind::kLock:
            return std::any_of(sight.locks.begin(), sight.locks.end(),
                               [&](string_view lock) { return !lock.empty() && matches(lock, pattern); });
        case Kind::kModule:
            return any_module(sight.stacks, pattern) ||
                   (thread != nullptr && any_module(stack(thread->created_stack), pattern));
        case Kind::kVerdict: return analyze::verdict_from_word(pattern) == sight.finding.verdict;
    }
    return false;
}

Sight sight_of(const Snapshot& snapshot, const Finding& finding, uint32_t id) {
    Sight sight{finding, snapshot::find_thread(snapshot, id), {}, {}};
    if (sight.thread == nullptr) return sight;
    sight.stacks = {&snapshot.stacks.at(sight.thread->stack)};
    if (sight.thread->wait) sight.locks = {sight.thread->wait->object.name, sight.thread->wait->mutex.name};
    for (const snapshot::Hold& hold : sight.thread->holds) sight.locks.push_back(hold.lock.name);
    return sight;
}

Sight sight_of(const Snapshot& snapshot, const Finding& finding, const analyze::OrderEdge& edge) {
    return {finding,
            snapshot::find_thread(snapshot, edge.thread),
            {&snapshot.stacks.at(edge.stack), &snapshot.stacks.at(edge.held_stack)},
            {edge.lock.name, edge.while_holding.name}};
}

bool is_fact_of_each_thread(Verdict verdict) {
    switch (verdict) {
        case Verdict::kAsleep:
        case Verdict::kBlocked:
        case Verdict::kAlive:
        case Verdict::kUnjoined: return true;
        case Verdict::kDeadlock:
        case Verdict::kSelfDeadlock:
        case Verdict::kOrphanedLock:
        case Verdict::kLostWakeup:
        case Verdict::kLockOrder: return false;
    }
    return true;
}

}  // namespace

std::vector<Suppression> parse_suppressions(string_view text, const std::string& file) {
    std::vector<Suppression> suppressions;
    size_t number = 0;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const string_view line = trimmed(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
        ++number;
        if (line.empty() || line.starts_with('#')) continue;
        Suppression entry{{}, std::string(line), file + ":" + std::to_string(number)};
        for (const string_view part : split_conditions(line)) {
            entry.conditions.push_back(parse_condition(part, entry.place));
        }
        suppressions.push_back(std::move(entry));
    }
    return suppressions;
}

bool fits(const Suppression& suppression, const Snapshot& snapshot, const Finding& finding) {
    const auto all_hold = [&](const Sight& sight) {
        return std::all_of(suppression.conditions.begin(), suppression.conditions.end(),
                           [&](const Condition& condition) { return holds(condition, snapshot, sight); });
    };
    const auto fits_thread = [&](uint32_t id) { return all_hold(sight_of(snapshot, finding, id)); };
    const auto fits_edge = [&](const analyze::OrderEdge& edge) { return all_hold(sight_of(snapshot, finding, edge)); };
    if (is_fact_of_each_thread(finding.verdict)) {
        return !finding.threads.empty() && std::all_of(finding.threads.begin(), finding.threads.end(), fits_thread);
    }
    return std::any_of(finding.threads.begin(), finding.threads.end(), fits_thread) ||
           std::any_of(finding.order.begin(), finding.order.end(), fits_edge);
}

string_view word(Kind kind) {
    const auto* const found =
        std::find_if(kKinds.begin(), kKinds.end(), [kind](const auto& row) { return row.second == kind; });
    return found->first;
}

}  // namespace policy
