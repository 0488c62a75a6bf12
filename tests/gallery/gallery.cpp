// SPDX-License-Identifier: Apache-2.0
//
// See gallery.h. Runs in the test process.
#include "tests/gallery/gallery.h"

#include <gmock/gmock.h>

#include <csignal>
#include <regex>
#include <sstream>

#include "tests/support/eventually.h"

namespace gallery {

namespace {

constexpr int kFindings = 86;

support::Observed gate(const Program& program, const std::string& variant, std::vector<std::string> options) {
    return support::observe(LOITER_COMMAND, "gate", options, {.arguments = {program.path(), variant}});
}

/// Reports of a plainly preloaded program that writes them into a folder of its own.
class PlainRun {
public:
    PlainRun(const Program& program, const std::string& variant, const std::string& grace)
        : running_({.arguments = {program.path(), variant},
                    .environment = {{"LD_PRELOAD", LOITER_LIBRARY},
                                    {"LOITER_OPTIONS",
                                     "format=json:grace=" + grace + ":log_path=" + folder_.path() + "/report"}}}) {}

    support::Running& running() { return running_; }

    /// Complete ones: each is an object on a line.
    std::vector<Json> reports() const {
        std::vector<Json> found;
        for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
            std::istringstream lines(report::read_text(entry.path()));
            for (std::string line; std::getline(lines, line) && !lines.eof();) found.push_back(Json::parse(line));
        }
        return found;
    }

    support::Observed finish() {
        support::Outcome outcome = running_.finish();
        return {std::move(outcome), reports()};
    }

private:
    support::TemporaryFolder folder_;
    support::Running running_;
};

/// The only report. Throws when there is none or more than one.
Json only_report(const support::Observed& observed) {
    EXPECT_FALSE(observed.outcome.out_of_time);
    if (observed.reports.size() != 1) {
        throw std::runtime_error(std::to_string(observed.reports.size()) + " reports: " + observed.outcome.errors);
    }
    const Json& report = observed.reports.front();
    EXPECT_EQ(report.at("schema"), "loiter-report/1");
    EXPECT_EQ(report.at("process").at("observed"), true);
    EXPECT_EQ(report.at("losses"), Json::parse(R"({"threads": 0, "holds": 0, "stacks": 0})"));
    return report;
}

support::Observed observe(const Program& program, const std::string& variant, const std::string& grace) {
    if (!program.runs_plainly()) return gate(program, variant, {"--grace", grace});
    return PlainRun(program, variant, grace).finish();
}

std::string summary(const Json& report) {
    std::string text;
    for (const Json& finding : report.at("findings")) text += finding.dump() + "\n";
    return text;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Build& build) {
    return out << build.suffix << (build.plain ? "Plain" : "");
}

std::vector<Build> all_builds() {
    const std::filesystem::path generated = GALLERY_GENERATED;
    std::vector<Build> builds = {{"O0", GALLERY_SOURCE_ROOT},
                                 {"O2", GALLERY_SOURCE_ROOT},
                                 {"first", generated / "first"},
                                 {"second", generated / "second"}};
    for (size_t i = 0, count = builds.size(); i < count; ++i) {
        builds.push_back(builds[i]);
        builds.back().plain = true;
    }
    return builds;
}

std::vector<Build> few_builds() {
    std::vector<Build> builds = all_builds();
    std::erase_if(builds, [](const Build& build) { return build.suffix != "O2" && build.suffix != "second"; });
    return builds;
}

std::string Program::path() const {
    return std::string(GALLERY_PROGRAMS) + "/" + name_ + "_" + build_.suffix;
}

std::filesystem::path Program::source(const std::string& file) const {
    return build_.source_root / "tests/gallery" / file;
}

Site Program::site(std::string_view key) const {
    return report::site_of(source(name_ + ".cpp"), key);
}

Site Program::site_in(const std::string& header, std::string_view key) const {
    return report::site_of(source(header), key);
}

int Program::thread_count() const {
    const std::string text = report::read_text(source(name_ + ".cpp"));
    std::smatch match;
    if (!std::regex_search(text, match, std::regex(R"(kThreads = (\d+);)"))) {
        throw std::runtime_error(name_ + " does not say how many threads it has");
    }
    return std::stoi(match[1]);
}

Json report_of_leaky(const Program& program, const std::string& variant) {
    const support::Observed observed = observe(program, variant, "50ms");
    Json report = only_report(observed);
    EXPECT_EQ(observed.outcome.status, program.runs_plainly() ? 0 : kFindings) << observed.outcome.errors;
    EXPECT_EQ(report.at("process").at("reason"), "exit");
    EXPECT_EQ(report.at("process").at("end"), "return");
    EXPECT_EQ(report.at("process").at("status"), 0);
    return report;
}

/// A report on SIGUSR1, after which the program is as it was.
Json report_on_signal(const Program& program, const std::string& variant) {
    PlainRun plain(program, variant, "50ms");
    if (!plain.running().await_output("stuck\n")) throw std::runtime_error(program.path() + " did not get stuck");
    plain.running().signal(SIGUSR1);
    std::vector<Json> reports;
    EXPECT_TRUE(support::eventually([&] { return !(reports = plain.reports()).empty(); })) << program.path();
    EXPECT_EQ(kill(plain.running().pid(), 0), 0);
    Json report = reports.at(0);
    EXPECT_EQ(report.at("process").at("reason"), "signal");
    EXPECT_EQ(report.at("process").at("end"), "alive");
    EXPECT_EQ(report.at("process").at("status"), nullptr);
    return report;
}

/// The program says when it is stuck; on a machine too busy for it to get there, it is given more time.
Json report_of_stuck(const Program& program, const std::string& variant) {
    if (program.runs_plainly()) return report_on_signal(program, variant);
    for (const char* const timeout : {"700ms", "5s", "20s"}) {
        const support::Observed observed = gate(program, variant, {"--timeout", timeout});
        if (observed.outcome.output.find("stuck\n") == std::string::npos) continue;
        Json report = only_report(observed);
        EXPECT_EQ(observed.outcome.status, kFindings) << observed.outcome.errors;
        EXPECT_EQ(report.at("process").at("reason"), "timeout");
        EXPECT_EQ(report.at("process").at("end"), "alive");
        EXPECT_EQ(report.at("process").at("status"), nullptr);
        return report;
    }
    throw std::runtime_error(program.path() + " did not get stuck in time");
}

Json report_of_watched_exit(const Program& program, const std::string& variant) {
    for (const char* const timeout : {"700ms", "5s", "20s"}) {
        const support::Observed observed = gate(program, variant, {"--watch", "100ms", "--timeout", timeout});
        for (const Json& report : observed.reports) {
            const Json& process = report.at("process");
            if (process.at("reason") == "watch" && !process.at("exit_phase").is_null()) return report;
        }
    }
    throw std::runtime_error(program.path() + " was not seen to hang in exit()");
}

Json report_of_clean(const Program& program, const std::string& variant) {
    const support::Observed observed = observe(program, variant, "10s");
    Json report = only_report(observed);
    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    return report;
}

void expect_clean(const Program& program, const std::string& variant) {
    const support::Observed observed = observe(program, variant, "10s");
    const Json report = only_report(observed);
    EXPECT_EQ(observed.outcome.status, 0) << observed.outcome.errors;
    EXPECT_EQ(observed.outcome.errors, "");
    EXPECT_EQ(report.at("findings"), Json::array()) << summary(report);
    EXPECT_EQ(report.at("counts").at("blocked"), 0);
    EXPECT_EQ(report.at("counts").at("alive"), 0);
    EXPECT_EQ(report.at("counts").at("unjoined"), 0);
}

std::string output_of(const Program& program, const std::string& variant) {
    return observe(program, variant, "50ms").outcome.output;
}

void expect_thread(const Json& report, int id, const Leaked& leaked) {
    SCOPED_TRACE("T" + std::to_string(id));
    const Json& thread = report::thread(report, id);
    EXPECT_EQ(thread.at("state"), leaked.state);
    EXPECT_EQ(thread.at("timed"), leaked.timed);
    EXPECT_TRUE(report::starts_at(thread.at("stack"), leaked.inside.value_or(leaked.block)));
    EXPECT_TRUE(report::passes(thread.at("stack"), leaked.block));
    EXPECT_TRUE(thread.at("for_seconds").is_number()) << thread;
    EXPECT_TRUE(thread.at("age_seconds").is_number()) << thread;
    EXPECT_TRUE(thread.at("cpu_seconds").is_number()) << thread;
    if (!leaked.created) return;
    EXPECT_EQ(thread.at("created_by").at("thread"), leaked.created_by);
    EXPECT_TRUE(report::starts_at(thread.at("created_by").at("stack"), *leaked.created));
}

void expect_finding(const Json& report, const std::string& verdict, const std::string& certainty,
                    const std::set<int>& threads, const std::set<int>& behind) {
    if (certainty == "fact" && is_of_live_process(report)) return;
    for (const Json& finding : report::findings(report, verdict)) {
        if (report::threads_of(finding) != threads) continue;
        EXPECT_EQ(finding.at("certainty"), certainty);
        EXPECT_EQ(report::threads_of(finding, "behind"), behind);
        EXPECT_EQ(finding.at("threads").size(), threads.size());
        EXPECT_EQ(finding.at("suppressed_by"), nullptr);
        EXPECT_THAT(report::text_of(finding.at("fingerprint")), testing::MatchesRegex("[0-9a-f]+"));
        EXPECT_EQ(report::text_of(finding.at("fingerprint")).size(), 16U);
        EXPECT_NE(report::text_of(finding.at("message")), "");
        return;
    }
    ADD_FAILURE() << "no finding " << verdict << " of " << testing::PrintToString(threads) << " in\n"
                  << summary(report);
}

bool is_of_live_process(const Json& report) {
    return report.at("process").at("reason") == "signal";
}

std::vector<std::string> applicable(const Json& report, std::vector<std::string> verdicts) {
    if (is_of_live_process(report)) {
        std::erase_if(verdicts, [](const std::string& verdict) { return verdict.ends_with(" fact"); });
    }
    return verdicts;
}

std::set<int> listed_threads(const Json& report) {
    std::set<int> ids;
    for (const Json& thread : report.at("threads")) ids.insert(thread.at("id").get<int>());
    return ids;
}

std::set<int> numbers(int first, int last) {
    std::set<int> all;
    for (int number = first; number <= last; ++number) all.insert(number);
    return all;
}

}  // namespace gallery
