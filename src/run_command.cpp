// SPDX-License-Identifier: Apache-2.0
#include "run_command.h"

#include <unistd.h>

#include <algorithm>
#include <exception>
#include <map>

#include "exit_status.h"
#include "output.h"
#include "reporter.h"

namespace command {
namespace {

constexpr size_t kMostToldPrograms = 5;
constexpr int kFindings = 86;
constexpr int kTimedOut = 124;
constexpr int kCannotExecute = 126;
constexpr int kNotFound = 127;

std::string usable_directory(const std::string& directory) {
    if (directory.empty()) return "";
    try {
        return launch::make_keep_directory(directory);
    } catch (const launch::Error& error) {
        throw UsageError(error.what());
    }
}

int gate_status(const launch::Result& result, const Judgement& judgement) {
    if (judgement.failed) return kFindings;
    if (result.outcome == launch::Outcome::kTimedOut) return kTimedOut;
    const bool has_gaps = judgement.strict && !result.unobserved.empty();
    return result.observed && judgement.complete && !has_gaps ? 0 : kCannot;
}

/// The stream carries no machine format, and JSON, which names processes itself, is not all that was asked for.
bool is_read_by_people(const std::vector<Destination>& destinations) {
    const auto disturbs = [](const Destination& one) { return one.file.empty() && !is_for_people(one.format); };
    const auto is_json = [](const Destination& one) { return one.format == Format::kJson; };
    return std::none_of(destinations.begin(), destinations.end(), disturbs) &&
           !std::all_of(destinations.begin(), destinations.end(), is_json);
}

void remark_on(const launch::Result& result, const std::string& program) {
    if (!result.error.empty()) {
        remark(program + ": " + result.error);
    } else if (!result.observed) {
        remark(program + " was not observed: " + result.why_not_observed);
    }
}

void remark_on_children(const launch::Result& result) {
    const size_t told = std::min(result.unobserved.size(), kMostToldPrograms);
    for (size_t i = 0; i < told; ++i) {
        const launch::Unobserved& one = result.unobserved[i];
        remark("not observed: " + one.program + " (" + one.why + "), " +
               (one.times == 1 ? "once" : std::to_string(one.times) + " times"));
    }
    const size_t more = result.unobserved.size() - told;
    if (more > 0) remark("not observed: " + std::to_string(more) + (more == 1 ? " other program" : " other programs"));
}

/// Threads of which it has no record may have been left: that none was found says nothing.
class InPart {
public:
    void note(const snapshot::Snapshot& snapshot) {
        if (!snapshot.may_lack_threads) return;
        if (snapshot.process.ppid == static_cast<uint32_t>(getpid())) {
            has_command_ = true;
        } else {
            ++children_[snapshot.process.exe];
        }
    }

    bool has_command() const { return has_command_; }

    void add_children_to(launch::Result& result) const {
        for (const auto& [program, times] : children_) result.unobserved.push_back({program, kWhy, times});
    }

    static constexpr char kWhy[] = "no room for all of its recording";

private:
    bool has_command_ = false;
    std::map<std::string, uint64_t> children_;
};

/// Their ends are not seen.
void remark_on_left_running(const std::vector<std::string>& programs) {
    const size_t told = std::min(programs.size(), kMostToldPrograms);
    for (size_t i = 0; i < told; ++i) remark("still running, and judged only as it is now: " + programs[i]);
    const size_t more = programs.size() - told;
    if (more > 0)
        remark("still running: " + std::to_string(more) + (more == 1 ? " other process" : " other processes"));
}

}  // namespace

int exit_status(Command command, const launch::Result& result, const Judgement& judgement) {
    switch (result.outcome) {
        case launch::Outcome::kNotFound: return kNotFound;
        case launch::Outcome::kCannotExecute: return kCannotExecute;
        case launch::Outcome::kSignalled: return 128 + result.status;
        case launch::Outcome::kExited:
            if (result.status != 0) return result.status;
            return command == Command::kGate ? gate_status(result, judgement) : 0;
        case launch::Outcome::kTimedOut: return command == Command::kGate ? gate_status(result, judgement) : kTimedOut;
    }
    return kCannot;
}

int run(const Options& options) {
    Outputs outputs(options, STDERR_FILENO);
    Reporter reporter(options, outputs);
    Judgement judgement;
    judgement.strict = options.strict;
    const launch::Request request{
        options.program,  launch::find_library(), options.timeout, options.grace, usable_directory(options.directory),
        options.children, options.watch};
    outputs.begin();
    std::vector<std::string> left_running;
    InPart in_part;
    launch::Result result = launch::run(
        request,
        [&](snapshot::Snapshot&& snapshot) {
            // CMD runs on whatever becomes of a report.
            try {
                const snapshot::Process& process = snapshot.process;
                if (process.reason == snapshot::Reason::kDump)
                    left_running.push_back(process.exe + " (pid " + std::to_string(process.pid) + ")");
                in_part.note(snapshot);
                reporter.report(std::move(snapshot));
            } catch (const std::exception& error) {
                judgement.complete = false;
                remark(std::string("a process could not be judged: ") + error.what());
            }
        },
        [&] { reporter.write_documents(); });
    if (in_part.has_command()) {
        judgement.complete = false;
        remark(options.program[0] + " was observed in part only: " + InPart::kWhy);
    }
    if (options.children) in_part.add_children_to(result);
    remark_on(result, options.program[0]);
    if (is_read_by_people(options.destinations) || options.strict) remark_on_children(result);
    if (is_read_by_people(options.destinations)) remark_on_left_running(left_running);
    reporter.note_unobserved(result);
    reporter.finish();
    judgement.failed = reporter.has_failed();
    return exit_status(options.command, result, judgement);
}

}  // namespace command
