// SPDX-License-Identifier: Apache-2.0
#include "reporter.h"

#include <sys/stat.h>

#include <string>

#include "analyze/finding.h"
#include "analyze/wait_meaning.h"
#include "render/render.h"

namespace command {
namespace {

/// Silence would leave open whether the recording was read at all.
std::string nothing_found(const snapshot::Process& process) {
    return "loiter: " + render::printable(process.exe) + " (pid " + std::to_string(process.pid) +
           "): no findings; --all shows its threads\n";
}

bool asks_for_one_report(Command command) {
    return command == Command::kDump || command == Command::kReport;
}

/// This very build: another one may name things in another way.
std::string own_version() {
    struct stat status = {};
    if (stat("/proc/self/exe", &status) != 0) return "";
    return std::to_string(status.st_size) + " " + std::to_string(status.st_mtim.tv_sec) + "." +
           std::to_string(status.st_mtim.tv_nsec);
}

symbolize::Options symbols_for(Command command, Progress& progress) {
    symbolize::Options options;
    // Asked for again and again; a program that reports by itself leaves nothing behind.
    if (command != Command::kAttend) options.cache_version = own_version();
    if (!options.cache_version.empty()) options.cache_folder = symbolize::default_cache_folder();
    if (asks_for_one_report(command))
        options.progress = [&progress](size_t done, size_t all) { progress.name(done, all); };
    return options;
}

}  // namespace

Reporter::Reporter(const Options& options, Outputs& outputs)
    : options_(options),
      outputs_(outputs),
      acceptance_(options),
      documents_(options, outputs),
      progress_(asks_for_one_report(options.command)),
      text_total_(render::text_total({})),
      symbolizer_(symbols_for(options.command, progress_)) {}

void Reporter::report(snapshot::Snapshot&& snapshot) {
    symbolizer_.name(snapshot);
    analyze::name_waits(snapshot);
    std::optional<double> held_longer_than;
    if (options_.held_longer_than) held_longer_than = static_cast<double>(options_.held_longer_than->count()) / 1000;
    analyze::Analysis analysis = analyze::analyze(snapshot, held_longer_than);
    acceptance_.apply(snapshot, analysis);
    // What is watched goes on, and may yet end well.
    const bool is_verdict = snapshot.process.reason != snapshot::Reason::kWatch;
    const bool fails = is_verdict && analyze::fails(analysis, options_.fail_on);
    has_failed_ = has_failed_ || fails;
    for (Output& output : outputs_.all()) {
        if (!is_one_a_process(output.format())) continue;
        const std::string report = rendered(output, snapshot, analysis, fails);
        progress_.end();
        if (!output.write(snapshot.process.pid, report)) all_written_ = false;
    }
    text_total_->add(snapshot, analysis);
    documents_.add(snapshot, analysis);
    progress_.end();
}

std::string Reporter::rendered(const Output& output, const snapshot::Snapshot& snapshot,
                               const analyze::Analysis& analysis, bool fails) const {
    if (output.format() == Format::kJson) return render::json(snapshot, analysis) + "\n";
    // Only the gate fails anything, and only for the verdicts it was told.
    const bool judges = options_.command == Command::kGate && fails;
    const bool all = options_.all || snapshot.process.reason == snapshot::Reason::kSignal;
    std::string report = render::text(snapshot, analysis,
                                      {.color = output.colored(),
                                       .all = all,
                                       .judges = judges,
                                       .full_stacks = options_.full_stacks,
                                       .group_by_functions = options_.group_by_functions});
    return report.empty() && options_.command == Command::kReport ? nothing_found(snapshot.process) : report;
}

void Reporter::write_documents() {
    if (!documents_.write()) all_written_ = false;
}

void Reporter::write_text_total() {
    const std::string total = text_total_->text();
    if (total.empty()) return;
    const bool failed = options_.command == Command::kGate && has_failed_;
    for (Output& output : outputs_.all()) {
        if (output.format() != Format::kText || output.is_one_a_process()) continue;
        if (!output.write(0, "\nloiter: " + std::string(failed ? "FAILED in " : "findings in ") + total + "\n"))
            all_written_ = false;
    }
}

void Reporter::finish() {
    outputs_.begin();
    write_documents();
    write_text_total();
    documents_.write_step_summary();
    if (!acceptance_.finish()) all_written_ = false;
    has_failed_ = has_failed_ || acceptance_.is_stale();
}

}  // namespace command
