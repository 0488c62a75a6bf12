// SPDX-License-Identifier: Apache-2.0
#include "render/comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "analyze/frames.h"
#include "render/page.h"
#include "render/render.h"
#include "render/words.h"

namespace render {

namespace {

using analyze::Change;
using analyze::Comparison;
using snapshot::Frame;
using Json = nlohmann::ordered_json;

/// The program's own frames; all where there are none.
std::vector<Frame> shown(const std::vector<Frame>& frames) {
    std::vector<Frame> own;
    std::copy_if(frames.begin(), frames.end(), std::back_inserter(own),
                 [](const Frame& frame) { return !analyze::is_runtime_frame(frame); });
    return own.empty() ? frames : own;
}

void add_frames(Page& page, const std::vector<Frame>& frames) {
    for (const Frame& frame : shown(frames)) {
        const std::string words = "    " + printable(analyze::frame_words(frame));
        if (frame.file.empty())
            page.add_frame(words, "");
        else
            page.add_frame(words, frame.file, frame.line);
    }
}

std::string count_words(const Change& change) {
    if (change.before == 0 || change.after == 0) return counted(std::max(change.before, change.after), "thread");
    return fmt::format("{} -> {}", change.before, counted(change.after, "thread"));
}

void add_changes(Page& page, const char* what, const std::vector<Change>& changes) {
    for (const Change& change : changes) {
        page.add_gap();
        page.add(fmt::format("{}: {} [{}]", what, count_words(change), printable(change.group.state)), Style::kHeader);
        add_frames(page, change.group.stack);
        if (change.group.created.empty()) continue;
        page.add("  created at");
        add_frames(page, change.group.created);
    }
}

void add_findings(Page& page, const char* what, const std::map<std::string, std::string>& findings) {
    if (findings.empty()) return;
    page.add_gap();
    for (const auto& [fingerprint, message] : findings) {
        page.add(fmt::format("{}: {} ({})", what, printable(message), printable(fingerprint)));
    }
}

std::string summary(const Comparison& comparison) {
    std::string changes;
    const auto add = [&changes](size_t count, const char* what) {
        if (count > 0) changes += fmt::format("{}{} {}", changes.empty() ? "" : ", ", count, what);
    };
    add(comparison.appeared.size(), "appeared");
    add(comparison.grew.size(), "grew");
    add(comparison.shrank.size(), "shrank");
    add(comparison.gone.size(), "gone");
    return fmt::format("loiter: {} -> {}: {}", comparison.threads_before, counted(comparison.threads_after, "thread"),
                       changes.empty() ? "no group of threads changed" : "groups of threads: " + changes);
}

Json frames_json(const std::vector<Frame>& frames) {
    Json list = Json::array();
    for (const Frame& frame : frames) {
        list.push_back({{"function", frame.function.empty() ? Json() : Json(frame.function)},
                        {"file", frame.file.empty() ? Json() : Json(frame.file)},
                        {"line", frame.line > 0 ? Json(frame.line) : Json()},
                        {"module", frame.module.empty() ? Json() : Json(frame.module)}});
    }
    return list;
}

Json changes_json(const std::vector<Change>& changes) {
    Json list = Json::array();
    for (const Change& change : changes) {
        list.push_back({{"state", change.group.state},
                        {"before", change.before},
                        {"after", change.after},
                        {"stack", frames_json(change.group.stack)},
                        {"created_at", frames_json(change.group.created)}});
    }
    return list;
}

Json findings_json(const std::map<std::string, std::string>& findings) {
    Json list = Json::array();
    for (const auto& [fingerprint, message] : findings) {
        list.push_back({{"fingerprint", fingerprint}, {"message", message}});
    }
    return list;
}

}  // namespace

std::string text(const Comparison& comparison, bool color) {
    Page page;
    page.add(summary(comparison), Style::kHeadline);
    add_changes(page, "APPEARED", comparison.appeared);
    add_changes(page, "GREW", comparison.grew);
    add_changes(page, "SHRANK", comparison.shrank);
    add_changes(page, "GONE", comparison.gone);
    add_findings(page, "new finding", comparison.new_findings);
    add_findings(page, "finding gone", comparison.gone_findings);
    return page.laid_out(color);
}

std::string json(const Comparison& comparison) {
    const Json object = {{"schema", "loiter-diff/1"},
                         {"threads", {{"before", comparison.threads_before}, {"after", comparison.threads_after}}},
                         {"appeared", changes_json(comparison.appeared)},
                         {"grew", changes_json(comparison.grew)},
                         {"shrank", changes_json(comparison.shrank)},
                         {"gone", changes_json(comparison.gone)},
                         {"new_findings", findings_json(comparison.new_findings)},
                         {"gone_findings", findings_json(comparison.gone_findings)}};
    return printable_json(object.dump(-1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace render
