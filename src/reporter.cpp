// SPDX-License-Identifier: Apache-2.0
#include "reporter.h"

#include "analyze/finding.h"
#include "render/render.h"

namespace command {
namespace {

/// Silence would leave open whether the recording was read at all.
std::string nothing_found(const snapshot::Process& process) {
    return "loiter: " + render::printable(process.exe) + " (pid " + std::to_string(process.pid) +
           "): no findings; --all shows its threads\n";
}

}  // namespace

void Reporter::report(snapshot::Snapshot&& snapshot) {
    symbolizer_.name(snapshot);
    const analyze::Analysis analysis = analyze::analyze(snapshot);
    const bool fails = analyze::fails(analysis, options_.fail_on);
    has_failed_ = has_failed_ || fails;
    // Only the gate fails anything, and only for the verdicts it was told.
    const bool judges = options_.command == Command::kGate && fails;

    const bool all = options_.all || snapshot.process.reason == snapshot::Reason::kSignal;
    std::string report =
        options_.format == Format::kJson
            ? render::json(snapshot, analysis) + "\n"
            : render::text(
                  snapshot, analysis,
                  {.color = output_.colored(), .all = all, .judges = judges, .full_stacks = options_.full_stacks});
    if (report.empty() && options_.command == Command::kReport) report = nothing_found(snapshot.process);
    if (!output_.write(snapshot.process.pid, report)) all_written_ = false;
}

}  // namespace command
