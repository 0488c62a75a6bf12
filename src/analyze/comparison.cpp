// SPDX-License-Identifier: Apache-2.0
#include "analyze/comparison.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "analyze/frames.h"

namespace analyze {

namespace {

using snapshot::Frame;

/// Functions of the program's own, or of all where it has none; runs of calls to itself count once, as
/// their depth differs from moment to moment.
std::string functions_of(const std::vector<Frame>& frames) {
    const auto is_own = [](const Frame& frame) { return !is_runtime_frame(frame); };
    const bool has_own = std::any_of(frames.begin(), frames.end(), is_own);
    std::string functions;
    std::string last;
    for (const Frame& frame : frames) {
        if (has_own && !is_own(frame)) continue;
        const std::string words = frame_words(frame);
        if (words != last) functions += "\n  " + words;
        last = words;
    }
    return functions;
}

size_t difference(const Change& change) {
    return std::max(change.before, change.after) - std::min(change.before, change.after);
}

void sort(std::vector<Change>& changes) {
    std::stable_sort(changes.begin(), changes.end(),
                     [](const Change& left, const Change& right) { return difference(left) > difference(right); });
}

std::map<std::string, std::string> without(const std::map<std::string, std::string>& all,
                                           const std::map<std::string, std::string>& others) {
    std::map<std::string, std::string> rest;
    for (const auto& entry : all) {
        if (!others.contains(entry.first)) rest.insert(entry);
    }
    return rest;
}

}  // namespace

void Digest::add_thread(std::string state, std::vector<Frame> stack, std::vector<Frame> created) {
    const std::string key = state + functions_of(stack) + "\nby" + functions_of(created);
    ThreadGroup& group =
        groups.try_emplace(key, ThreadGroup{std::move(state), std::move(stack), std::move(created)}).first->second;
    ++group.threads;
    ++threads;
}

void Digest::add(const snapshot::Snapshot& snapshot, const Analysis& analysis) {
    for (const snapshot::Thread& thread : snapshot.threads) {
        if (thread.ends_process) continue;
        add_thread(snapshot::state_word(thread), snapshot.stacks.at(thread.stack).frames,
                   snapshot.stacks.at(thread.created_stack).frames);
    }
    for (const Finding& finding : analysis.findings) {
        findings.emplace(finding.fingerprint, std::string(word(finding.verdict)) + ": " + finding.message);
    }
}

Comparison compare(const Digest& before, const Digest& after) {
    Comparison result;
    result.threads_before = before.threads;
    result.threads_after = after.threads;
    for (const auto& [key, group] : after.groups) {
        const auto was = before.groups.find(key);
        const size_t count = was == before.groups.end() ? 0 : was->second.threads;
        std::vector<Change>& list = count == 0 ? result.appeared : count < group.threads ? result.grew : result.shrank;
        if (count != group.threads) list.push_back({group, count, group.threads});
    }
    for (const auto& [key, group] : before.groups) {
        if (!after.groups.contains(key)) result.gone.push_back({group, group.threads, 0});
    }
    for (std::vector<Change>* const list : {&result.appeared, &result.grew, &result.shrank, &result.gone}) sort(*list);
    result.new_findings = without(after.findings, before.findings);
    result.gone_findings = without(before.findings, after.findings);
    return result;
}

}  // namespace analyze
