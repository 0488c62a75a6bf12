// SPDX-License-Identifier: Apache-2.0
#include "policy/saved_report.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "policy/suppression.h"

namespace policy {

namespace {

using Json = nlohmann::json;

constexpr char kReportSchema[] = "loiter-report/1";

/// What is not there, or of another type, is not known: reports of later versions have more.
const Json& member(const Json& object, const char* name) {
    static const Json kNothing;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return object.is_object() && found != object.end() ? *found : kNothing;
}

std::string text_of(const Json& value) {
    return value.is_string() ? value.get<std::string>() : "";
}

std::vector<snapshot::Frame> frames_of(const Json& stack) {
    std::vector<snapshot::Frame> frames;
    if (!stack.is_array()) return frames;
    for (const Json& one : stack) {
        snapshot::Frame frame;
        frame.function = text_of(member(one, "function"));
        frame.file = text_of(member(one, "file"));
        frame.module = text_of(member(one, "module"));
        const Json& line = member(one, "line");
        frame.line = line.is_number_integer() ? line.get<int>() : 0;
        if (frame.module.starts_with("python ")) frame.language = snapshot::Language::kPython;
        frames.push_back(std::move(frame));
    }
    return frames;
}

/// False: it is no report.
bool add(const Json& report, analyze::Digest& digest) {
    const Json& threads = member(report, "threads");
    const Json& findings = member(report, "findings");
    if (!threads.is_array() || !findings.is_array()) return false;
    for (const Json& thread : threads) {
        if (!thread.is_object() || member(thread, "ends_process") == true) continue;
        digest.add_thread(text_of(member(thread, "state")), frames_of(member(thread, "stack")),
                          frames_of(member(member(thread, "created_by"), "stack")));
    }
    for (const Json& finding : findings) {
        if (text_of(member(finding, "fingerprint")).empty()) continue;
        digest.findings.emplace(text_of(member(finding, "fingerprint")),
                                text_of(member(finding, "verdict")) + ": " + text_of(member(finding, "message")));
    }
    return true;
}

}  // namespace

analyze::Digest digest_of_report(std::string_view text, const std::string& file) {
    analyze::Digest digest;
    size_t reports = 0;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
        const Json report = Json::parse(line, nullptr, /*allow_exceptions=*/false);
        if (text_of(member(report, "schema")) != kReportSchema || !add(report, digest)) {
            throw Error(file + " is neither a recording nor a report of --format json, one process a line");
        }
        ++reports;
    }
    if (reports == 0) throw Error(file + " is empty");
    return digest;
}

}  // namespace policy
