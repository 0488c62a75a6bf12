// SPDX-License-Identifier: Apache-2.0
//
// Test results: a suite for the run; of each process a case for each finding, or one that passed. Names of
// cases have no numbers of a run, so that viewers can follow a case from run to run.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "render/document.h"
#include "render/render.h"
#include "render/run_findings.h"
#include "render/words.h"
#include "render/xml.h"

namespace render {

namespace {

constexpr size_t kLongestName = 120;

struct Totals {
    size_t tests = 0;
    size_t failures = 0;
    size_t errors = 0;
    size_t skipped = 0;
    double seconds = 0;
};

std::string seconds_attribute(double value) {
    return fmt::format("{:.3f}", std::isfinite(value) && value > 0 ? value : 0);
}

std::string message_of(const RunFinding& finding) {
    const bool is_sure =
        finding.certainty == analyze::Certainty::kProved || finding.certainty == analyze::Certainty::kFact;
    return fmt::format("{}{}: {}", analyze::word(finding.verdict),
                       is_sure ? "" : fmt::format(" ({})", analyze::word(finding.certainty)), finding.message);
}

/// A report of several causes shows the first failure of a case only, so each has its own.
class Cases {
public:
    void add(const RunProcess& process) {
        bool has_case = false;
        for (const RunFinding& finding : process.findings) {
            add(process, finding, has_case ? 0 : process.seconds);
            has_case = true;
        }
        if (!has_case) add(process.program, process.command, process.seconds, {}, "");
    }

    void add(const Unobserved& unobserved) {
        const std::string why = "not observed: " + unobserved.why;
        ++(unobserved.is_command ? totals_.errors : totals_.skipped);
        const std::string result =
            unobserved.is_command
                ? xml_element("error", {{"message", why}, {"type", "not-observed"}})
                : xml_element("skipped", {{"message", fmt::format("{} ({} times)", why, unobserved.times)}});
        add(unobserved.program, unobserved.program, 0, {}, result);
    }

    const std::string& xml() const { return xml_; }
    const Totals& totals() const { return totals_; }

private:
    void add(const RunProcess& process, const RunFinding& finding, double time) {
        const std::string function = finding.place.function.empty() ? finding.message : finding.place.function;
        const std::string name = fmt::format("{}: {} in {}", process.command, analyze::word(finding.verdict), function);
        XmlAttributes place;
        if (finding.place.in_tree) place.emplace_back("file", finding.place.file);
        if (finding.place.in_tree && finding.place.line > 0)
            place.emplace_back("line", std::to_string(finding.place.line));
        std::string result;
        if (finding.fails) {
            ++totals_.failures;
            result = xml_element(
                "failure", {{"message", message_of(finding)}, {"type", std::string(analyze::word(finding.verdict))}},
                xml_text(body_of(process, finding)));
        } else if (finding.suppressed_by) {
            ++totals_.skipped;
            result = xml_element("skipped", {{"message", "accepted by " + *finding.suppressed_by}});
        } else {
            result = xml_element("system-out", {}, xml_text(message_of(finding) + "\n\n" + body_of(process, finding)));
        }
        add(process.program, name, time, place, result);
    }

    static std::string body_of(const RunProcess& process, const RunFinding& finding) {
        const std::string place = words_of(finding.place);
        return fmt::format("{}\n{} (pid {})\n{}fingerprint {}\n", place, process.command, process.pid,
                           finding.text.empty() ? "" : "\n" + finding.text + "\n", finding.fingerprint);
    }

    /// Viewers take two cases of one name for one.
    void add(const std::string& suite, const std::string& name, double time, const XmlAttributes& place,
             const std::string& result) {
        const size_t count = ++names_[suite + '\0' + name];
        XmlAttributes attributes = {{"name", count == 1 ? name : fmt::format("{} #{}", name, count)},
                                    {"classname", suite},
                                    {"time", seconds_attribute(time)}};
        attributes.insert(attributes.end(), place.begin(), place.end());
        xml_ += "    " + xml_element("testcase", attributes, result) + "\n";
        ++totals_.tests;
        totals_.seconds += std::isfinite(time) ? time : 0;
    }

    std::map<std::string, size_t> names_;
    std::string xml_;
    Totals totals_;
};

std::string write_junit(const RunFindings& run) {
    Cases cases;
    for (const RunProcess& process : run.processes()) cases.add(process);
    for (const Unobserved& unobserved : run.unobserved()) cases.add(unobserved);
    const Totals& totals = cases.totals();
    const std::string command = shortened(printable(run.facts().command), kLongestName);
    const XmlAttributes counts = {{"name", command.empty() ? "loiter" : "loiter " + command},
                                  {"tests", std::to_string(totals.tests)},
                                  {"failures", std::to_string(totals.failures)},
                                  {"errors", std::to_string(totals.errors)},
                                  {"skipped", std::to_string(totals.skipped)},
                                  {"time", seconds_attribute(totals.seconds)}};
    XmlAttributes of_all = counts;
    of_all.erase(of_all.begin() + 4);  // known of a suite only
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
           xml_element("testsuites", of_all,
                       "\n  " + xml_element("testsuite", counts, "\n" + cases.xml() + "  ") + "\n") +
           "\n";
}

}  // namespace

std::unique_ptr<Document> junit(const RunFacts& facts) {
    return document_of_findings(facts, write_junit);
}

}  // namespace render
