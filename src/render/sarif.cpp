// SPDX-License-Identifier: Apache-2.0
//
// SARIF 2.1.0: a run of the tool, a rule for each verdict, a result for each finding of a process.
#include <nlohmann/json.hpp>

#include "analyze/frames.h"
#include "render/document.h"
#include "render/render.h"
#include "render/run_findings.h"

namespace render {

namespace {

using analyze::Verdict;
using Json = nlohmann::ordered_json;

constexpr char kRoot[] = "SRCROOT";
constexpr char kSchema[] = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
constexpr char kFingerprint[] = "loiterFingerprint/v1";

struct Rule {
    Verdict verdict;
    const char* name;
    const char* level;
    const char* what;
    const char* help;
};
constexpr Rule kRules[] = {
    {Verdict::kDeadlock, "Deadlock", "error", "Threads wait for each other in a closed chain",
     "Take the locks in one order everywhere, or together with std::scoped_lock."},
    {Verdict::kSelfDeadlock, "SelfDeadlock", "error", "A thread waits for what it holds itself",
     "Do not take the lock again where it is held; split the function that needs it into one that takes it and one "
     "that expects it."},
    {Verdict::kOrphanedLock, "OrphanedLock", "error", "The owner of a lock has ended without releasing it",
     "Release the lock on every way out of the function: std::lock_guard, RAII, pthread_cleanup_push."},
    {Verdict::kLostWakeup, "LostWakeup", "warning", "The signal that a thread waits for came before it waited",
     "Check the condition under the mutex before each wait, and change it under the mutex before each signal."},
    {Verdict::kAsleep, "Asleep", "error", "No thread of the process can run again",
     "Some thread must end the wait of another: close the channel, signal the condition, count the latch down."},
    {Verdict::kBlocked, "Blocked", "error", "A thread was still in an untimed wait when the process ended",
     "Tell the thread to end, and join it, before the process ends."},
    {Verdict::kAlive, "Alive", "error", "A thread was still running, sleeping or in I/O when the process ended",
     "Tell the thread to end, and join it, before the process ends."},
    {Verdict::kUnjoined, "Unjoined", "error", "A thread finished, and was neither joined nor detached",
     "Join the thread, or detach it where nobody needs its end."},
    {Verdict::kLockOrder, "LockOrder", "note", "Locks are taken in opposite orders",
     "Take the locks in one order everywhere, or together with std::scoped_lock."},
};

/// Braces are placeholders in a message, and `[text](target)` is a link.
Json message(const std::string& text) {
    std::string out;
    for (size_t at = 0; at < text.size(); ++at) {
        out += text[at];
        if (text[at] == '{' || text[at] == '}') out += text[at];
        if (text[at] == ']' && at + 1 < text.size() && text[at + 1] == '(') out += ' ';
    }
    return {{"text", out.empty() ? "-" : out}};
}

Json artifact(const Place& place) {
    if (place.in_tree) return {{"uri", uri_path(place.file)}, {"uriBaseId", kRoot}};
    const std::string& path = place.file.empty() ? place.module : place.file;
    return {{"uri", (path.starts_with("/") ? "file://" : "") + uri_path(path)}};
}

Json location(const Place& place) {
    Json location = Json::object();
    if (!place.file.empty() || !place.module.empty()) {
        location["physicalLocation"] = {{"artifactLocation", artifact(place)}};
        if (place.line > 0) location["physicalLocation"]["region"] = {{"startLine", place.line}};
    }
    if (!place.function.empty())
        location["logicalLocations"] = Json::array({{{"fullyQualifiedName", place.function}, {"kind", "function"}}});
    return location;
}

Json location(const Place& place, const std::string& words) {
    Json result = location(place);
    result["message"] = message(words);
    return result;
}

Json thread_flow(const ThreadStory& story) {
    Json steps = Json::array();
    for (const Step& step : story.steps) {
        if (step.kind == Step::Kind::kCreated) continue;
        const bool acquires = step.kind == Step::Kind::kAcquires;
        steps.push_back({{"location", location(step.place, step.words)},
                         {"kinds", acquires ? Json::array({"acquire", "lock"}) : Json::array({"lock"})},
                         {"importance", "essential"}});
    }
    if (steps.empty()) return {};
    return {{"id", "T" + std::to_string(story.id)}, {"message", message(story.words)}, {"locations", std::move(steps)}};
}

/// How the threads of a finding came to wait for each other, one flow a thread.
Json code_flows(const RunFinding& finding) {
    const bool is_flow = finding.verdict == Verdict::kDeadlock || finding.verdict == Verdict::kSelfDeadlock ||
                         finding.verdict == Verdict::kLockOrder;
    Json flows = Json::array();
    for (const ThreadStory& story : finding.stories) {
        Json flow = thread_flow(story);
        if (is_flow && !flow.is_null()) flows.push_back(std::move(flow));
    }
    if (flows.empty()) return flows;
    return Json::array({{{"message", message(finding.message)}, {"threadFlows", std::move(flows)}}});
}

Json related_locations(const RunFinding& finding) {
    Json related = Json::array();
    for (const ThreadStory& story : finding.stories) {
        for (const Step& step : story.steps) {
            if (step.kind == Step::Kind::kStays) continue;
            Json one = location(step.place, step.words);
            one["id"] = related.size() + 1;
            related.push_back(std::move(one));
        }
    }
    return related;
}

size_t rule_index(Verdict verdict) {
    const auto rule =
        std::find_if(std::begin(kRules), std::end(kRules), [&](const Rule& one) { return one.verdict == verdict; });
    return static_cast<size_t>(rule - std::begin(kRules));
}

Json result(const RunProcess& process, const RunFinding& finding) {
    Json result = {{"ruleId", analyze::word(finding.verdict)},
                   {"ruleIndex", rule_index(finding.verdict)},
                   {"level", word(finding.level)},
                   {"message", message(finding.message)},
                   {"locations", Json::array()}};
    if (finding.place.is_known()) result["locations"].push_back(location(finding.place));
    if (Json flows = code_flows(finding); !flows.empty()) result["codeFlows"] = std::move(flows);
    if (Json related = related_locations(finding); !related.empty()) result["relatedLocations"] = std::move(related);
    result["partialFingerprints"] = {{kFingerprint, finding.fingerprint}};
    if (finding.suppressed_by)
        result["suppressions"] = Json::array({{{"kind", "external"}, {"justification", *finding.suppressed_by}}});
    result["properties"] = {{"certainty", analyze::word(finding.certainty)},
                            {"threads", finding.threads},
                            {"process", process.command},
                            {"pid", process.pid}};
    return result;
}

Json rules() {
    Json all = Json::array();
    for (const Rule& rule : kRules) {
        all.push_back({{"id", analyze::word(rule.verdict)},
                       {"name", rule.name},
                       {"shortDescription", {{"text", rule.what}}},
                       {"fullDescription", {{"text", std::string(rule.what) + "."}}},
                       {"help", {{"text", rule.help}}},
                       {"defaultConfiguration", {{"level", rule.level}}}});
    }
    return all;
}

Json invocation(const RunFindings& run) {
    bool has_observed_command = true;
    Json notes = Json::array();
    for (const Unobserved& unobserved : run.unobserved()) {
        has_observed_command = has_observed_command && !unobserved.is_command;
        notes.push_back({{"level", unobserved.is_command ? "error" : "warning"},
                         {"message", message("not observed: " + unobserved.program + " (" + unobserved.why + ")")}});
    }
    Json one = {{"executionSuccessful", has_observed_command}};
    if (!run.facts().command.empty()) one["commandLine"] = run.facts().command;
    if (!notes.empty()) one["toolExecutionNotifications"] = std::move(notes);
    return one;
}

std::string write_sarif(const RunFindings& run) {
    Json results = Json::array();
    for (const RunProcess& process : run.processes()) {
        for (const RunFinding& finding : process.findings) results.push_back(result(process, finding));
    }
    const RunFacts& facts = run.facts();
    Json one = {{"tool", {{"driver", {{"name", "loiter"}, {"version", facts.version}, {"rules", rules()}}}}},
                {"invocations", Json::array({invocation(run)})}};
    if (!facts.source_root.empty())
        one["originalUriBaseIds"] = {{kRoot, {{"uri", "file://" + uri_path(facts.source_root) + "/"}}}};
    one["results"] = std::move(results);
    const Json log = {{"$schema", kSchema}, {"version", "2.1.0"}, {"runs", Json::array({std::move(one)})}};
    return printable_json(log.dump(1, ' ', false, Json::error_handler_t::replace)) + "\n";
}

}  // namespace

std::unique_ptr<Document> sarif(const RunFacts& facts) {
    return document_of_findings(facts, write_sarif);
}

}  // namespace render
