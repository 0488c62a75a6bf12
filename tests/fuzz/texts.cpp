// SPDX-License-Identifier: Apache-2.0
//
// What users and teams write, and what is kept from one run to the next.
#include <algorithm>
#include <cstring>

#include "analyze/comparison.h"
#include "options.h"
#include "policy/baseline.h"
#include "policy/saved_report.h"
#include "policy/suppression.h"
#include "preload/report/report_options.h"
#include "render/comparison.h"
#include "tests/fuzz/reports.h"
#include "tests/fuzz/target.h"
#include "tests/fuzz/well_formed.h"
#include "tests/support/snapshot_builder.h"

namespace fuzz {

namespace {

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

}  // namespace

/// One argument a line.
void run_command_line(Bytes input) {
    std::vector<std::string> arguments = lines_of(text_of(input));
    for (std::string& argument : arguments) argument = argument.c_str();  // none has a NUL in it
    try {
        const command::Options options = command::parse(arguments);
        expect(!options.destinations.empty(), "there is a destination");
        const bool runs = options.command == command::Command::kRun || options.command == command::Command::kGate;
        expect(!runs || !options.program.empty(), "what runs has a program");
        expect(!options.timeout || options.timeout->count() >= 0, "a timeout is no time past");
    } catch (const command::UsageError& error) {
        expect(error.what()[0] != '\0', "a usage error says something");
    }
}

void run_loiter_options(Bytes input) {
    const std::string text(text_of(input));
    preload::ReportOptions options;
    char problem[256];
    std::memset(problem, 'x', sizeof(problem));
    bool wants_help = false;
    preload::parse_report_options(text.c_str(), options, problem, sizeof(problem), wants_help);
    expect(std::memchr(problem, '\0', sizeof(problem)) != nullptr, "the problem has an end");
    const std::string_view line = problem;
    expect(line.empty() || line.starts_with("loiter: LOITER_OPTIONS: "), "the problem says whose it is", line);
    expect(options.signal >= 0 && options.signal <= 64, "the signal is one");
    expect(options.grace_ms >= 0, "the grace time is one");
    for (const char* const path : {options.directory, options.suppressions, options.log_path})
        expect(std::memchr(path, '\0', sizeof(options.log_path)) != nullptr, "a path has an end");
    for (const char c : line)
        expect(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "the problem is one harmless line", line);
}

void run_suppressions(Bytes input) {
    support::SnapshotBuilder bank;
    bank.thread(2)
        .named("teller")
        .waits_for(support::mutex(0x20, "g_ledger"))
        .at({support::libc_frame("pthread_mutex_lock"), support::frame("transfer(int, int)", "bank.cpp", 42)})
        .created_by(1, {support::frame("main", "bank.cpp", 90)});
    const snapshot::Snapshot snapshot = bank.build();
    const analyze::Analysis analysis = analyze::analyze(snapshot);
    try {
        for (const policy::Suppression& entry : policy::parse_suppressions(text_of(input), "x.supp")) {
            expect(!entry.conditions.empty(), "an entry has conditions");
            for (const analyze::Finding& finding : analysis.findings) policy::fits(entry, snapshot, finding);
        }
    } catch (const policy::Error& error) {
        expect_one_line(error.what());
    }
}

void run_baseline(Bytes input) {
    try {
        const policy::Baseline baseline = policy::parse_baseline(text_of(input), "x.json");
        const policy::Baseline again = policy::parse_baseline(policy::write_baseline(baseline), "x.json");
        expect(again.messages.size() == baseline.messages.size(), "a baseline is written as it was read");
    } catch (const policy::Error& error) {
        expect_one_line(error.what());
    }
}

void run_saved_report(Bytes input) {
    try {
        const analyze::Digest digest = policy::digest_of_report(text_of(input), "x.json");
        for (const analyze::Comparison& comparison : {analyze::compare({}, digest), analyze::compare(digest, {})}) {
            expect(is_harmless(render::text(comparison, false)), "a comparison is harmless");
            expect(is_harmless(render::json(comparison)), "a comparison as JSON is harmless");
        }
    } catch (const policy::Error& error) {
        expect_one_line(error.what());
    }
}

}  // namespace fuzz
