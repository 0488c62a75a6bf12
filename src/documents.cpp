// SPDX-License-Identifier: Apache-2.0
#include "documents.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace command {
namespace {

constexpr char kStepSummary[] = "GITHUB_STEP_SUMMARY";

/// The folder of the repository around the current one; outside of any, the current one itself.
std::string source_root() {
    std::error_code error;
    const std::filesystem::path here = std::filesystem::current_path(error);
    for (std::filesystem::path folder = here; folder.has_relative_path(); folder = folder.parent_path()) {
        if (std::filesystem::exists(folder / ".git", error)) return folder.string();
    }
    return here.has_relative_path() ? here.string() : "";
}

std::string command_line(const std::vector<std::string>& program) {
    std::string line;
    for (const std::string& argument : program) line += (line.empty() ? "" : " ") + argument;
    return line;
}

render::RunFacts facts_of(const Options& options) {
    render::RunFacts facts;
    facts.version = LOITER_VERSION;
    facts.source_root = source_root();
    facts.command = command_line(options.program);
    facts.fail_on = options.fail_on;
    facts.full_stacks = options.full_stacks;
    facts.time_nanoseconds =
        std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    return facts;
}

std::unique_ptr<render::Document> new_document(Format format, const render::RunFacts& facts) {
    switch (format) {
        case Format::kJunit: return render::junit(facts);
        case Format::kSarif: return render::sarif(facts);
        case Format::kGithub: return render::github(facts);
        case Format::kGitlab: return render::gitlab(facts);
        case Format::kFolded: return render::folded(facts);
        case Format::kPprof: return render::pprof(facts);
        case Format::kDot: return render::dot(facts);
        case Format::kText:
        case Format::kJson: break;
    }
    return nullptr;
}

}  // namespace

Documents::Documents(const Options& options, Outputs& outputs) : outputs_(outputs), facts_(facts_of(options)) {
    for (Output& output : outputs_.all()) {
        if (is_one_a_process(output.format())) continue;
        // Also of a run in which no process was observed.
        if (!output.is_one_a_process()) document_for(output, 0);
        const char* const summary = std::getenv(kStepSummary);
        if (output.format() == Format::kGithub && summary != nullptr && summary[0] != '\0')
            step_summary_ = render::markdown(facts_);
    }
}

render::Document& Documents::document_for(Output& output, uint32_t pid) {
    std::unique_ptr<render::Document>& document = documents_[{&output, pid}];
    if (!document) document = new_document(output.format(), facts_);
    return *document;
}

void Documents::add(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) {
    for (Output& output : outputs_.all()) {
        if (is_one_a_process(output.format())) continue;
        document_for(output, output.is_one_a_process() ? snapshot.process.pid : 0).add(snapshot, analysis);
    }
    if (step_summary_) step_summary_->add(snapshot, analysis);
}

void Documents::note_unobserved(const launch::Result& result) {
    const auto tell = [&](const render::Unobserved& unobserved) {
        for (const auto& [place, document] : documents_) {
            if (place.second == 0) document->add(unobserved);
        }
        if (step_summary_) step_summary_->add(unobserved);
    };
    if (!result.error.empty() || !result.observed) {
        const bool was_lost = result.error.empty();
        tell({facts_.command, was_lost ? result.why_not_observed : result.error, 1, true});
    }
    for (const launch::Unobserved& child : result.unobserved) tell({child.program, child.why, child.times, false});
}

bool Documents::write() {
    bool all_written = true;
    for (const auto& [place, document] : documents_)
        all_written = place.first->rewrite(place.second, document->text()) && all_written;
    return all_written;
}

void Documents::write_step_summary() {
    if (!step_summary_) return;
    const std::string text = step_summary_->text();
    const char* const path = std::getenv(kStepSummary);
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    const bool written = descriptor >= 0 && write_all(descriptor, text);
    if (!written) remark(fmt::format("cannot write {} {}: {}", kStepSummary, path, std::strerror(errno)));
    if (descriptor >= 0) close(descriptor);
}

}  // namespace command
