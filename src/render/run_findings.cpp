// SPDX-License-Identifier: Apache-2.0
#include "render/run_findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "analyze/frames.h"
#include "render/finding_texts.h"
#include "render/render.h"
#include "render/waits.h"
#include "render/words.h"

namespace render {

namespace {

using analyze::Certainty;
using analyze::Finding;
using snapshot::Thread;

// A process may leave thousands of threads behind, each at a place of its own.
constexpr size_t kToldTexts = 200;
constexpr size_t kToldThreads = 32;
constexpr size_t kLongestCommand = 120;  // scripts are given as arguments, too

std::string command_of(const snapshot::Process& process) {
    std::string line;
    for (const std::string& argument : process.command) line += (line.empty() ? "" : " ") + argument;
    return shortened(printable(line.empty() ? process.exe : line), kLongestCommand);
}

bool fails(const Finding& finding, const analyze::Analysis& analysis, const std::set<analyze::Verdict>& fail_on) {
    if (finding.suppressed_by) return false;
    if (finding.certainty == Certainty::kPossible) return fail_on.count(finding.verdict) > 0;
    std::vector<uint32_t> threads = finding.threads;
    threads.insert(threads.end(), finding.behind.begin(), finding.behind.end());
    return std::any_of(threads.begin(), threads.end(),
                       [&](uint32_t id) { return analyze::fails(analysis, id, fail_on); });
}

Level level_of(Certainty certainty, bool fails) {
    switch (certainty) {
        case Certainty::kProved: return Level::kError;
        case Certainty::kFact: return fails ? Level::kError : Level::kWarning;
        case Certainty::kLikely: return Level::kWarning;
        case Certainty::kPossible: return Level::kNote;
    }
    return Level::kWarning;
}

/// Tells a finding of one snapshot.
class Teller {
public:
    Teller(const snapshot::Snapshot& snapshot, const std::string& root) : snapshot_(snapshot), root_(root) {}

    RunFinding tell(const Finding& finding) const {
        RunFinding told;
        told.verdict = finding.verdict;
        told.certainty = finding.certainty;
        told.message = printable(finding.message);
        told.fingerprint = finding.fingerprint;
        if (finding.suppressed_by) told.suppressed_by = printable(*finding.suppressed_by);
        told.threads = finding.threads.size();
        for (const uint32_t id : finding.threads) {
            const Thread* const thread = snapshot::find_thread(snapshot_, id);
            if (thread == nullptr || told.stories.size() == kToldThreads) continue;
            told.stories.push_back(story(*thread, finding));
        }
        for (const analyze::OrderEdge& edge : finding.order) told.stories.push_back(story(edge));
        told.place = line_to_open(told.stories);
        return told;
    }

private:
    Place place(snapshot::StackIndex stack) const {
        return stack == 0 || stack >= snapshot_.stacks.size() ? Place() : place_of(snapshot_.stacks[stack], root_);
    }

    static void add(ThreadStory& story, Step::Kind kind, std::string words, Place place) {
        if (place.is_known()) story.steps.push_back({kind, std::move(words), std::move(place)});
    }

    /// What others of the finding wait for; of an orphan that nobody waits for, whatever it holds.
    bool matters(const snapshot::Hold& hold, const Thread& owner, const Finding& finding) const {
        if (hold.lent) return false;
        if (owner.finished) return true;
        return std::any_of(finding.threads.begin(), finding.threads.end(), [&](uint32_t id) {
            const Thread* const waiter = snapshot::find_thread(snapshot_, id);
            return waiter != nullptr && waiter->wait && waiter->wait->object.address == hold.lock.address;
        });
    }

    ThreadStory story(const Thread& thread, const Finding& finding) const {
        ThreadStory story{thread.id, thread_words(snapshot_, thread.id), {}};
        for (const snapshot::Hold& hold : thread.holds) {
            if (!matters(hold, thread, finding)) continue;
            add(story, Step::Kind::kAcquires, fmt::format("T{} acquired {}", thread.id, short_object_words(hold.lock)),
                place(hold.acquired_at));
        }
        const std::string state = printable(snapshot::state_word(thread));
        const bool names_object = thread.wait && (thread.wait->object.address != 0 || thread.wait->joins);
        const std::string object = names_object ? " for " + awaited_words(*thread.wait) : "";
        Place stays = place(thread.stack);
        if (!stays.is_known() && !thread.finished) stays = place(thread.entry);
        add(story, Step::Kind::kStays,
            names_object && snapshot::is_blocked(thread) ? fmt::format("T{} waits{} ({})", thread.id, object, state)
                                                         : fmt::format("T{} is here ({})", thread.id, state),
            std::move(stays));
        const std::string creator = thread.created_by == 0 ? "" : fmt::format(" by T{}", thread.created_by);
        add(story, Step::Kind::kCreated, fmt::format("T{} was created{}", thread.id, creator),
            place(thread.created_stack));
        return story;
    }

    ThreadStory story(const analyze::OrderEdge& edge) const {
        ThreadStory story{edge.thread, thread_words(snapshot_, edge.thread), {}};
        const std::string held = short_object_words(edge.while_holding);
        add(story, Step::Kind::kAcquires, fmt::format("T{} acquired {}", edge.thread, held), place(edge.held_stack));
        add(story, Step::Kind::kStays,
            fmt::format("T{} took {} while it held {}", edge.thread, short_object_words(edge.lock), held),
            place(edge.stack));
        return story;
    }

    /// Where a thread stays, in the tree if any does; of finished ones where they took the lock they kept,
    /// or were created.
    static Place line_to_open(const std::vector<ThreadStory>& stories) {
        const Place* best = nullptr;
        int best_rank = 0;
        for (const ThreadStory& story : stories) {
            for (const Step& step : story.steps) {
                const int kind = step.kind == Step::Kind::kStays ? 3 : step.kind == Step::Kind::kAcquires ? 2 : 1;
                const int rank = kind + (step.place.in_tree ? 3 : 0);
                if (rank <= best_rank) continue;
                best = &step.place;
                best_rank = rank;
            }
        }
        return best == nullptr ? Place() : *best;
    }

    const snapshot::Snapshot& snapshot_;
    const std::string& root_;
};

class FindingDocument : public Document {
public:
    FindingDocument(const RunFacts& facts, std::string (*write)(const RunFindings&))
        : findings_(facts), write_(write) {}
    void add(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) override {
        findings_.add(snapshot, analysis);
    }
    void add(const Unobserved& unobserved) override { findings_.add(unobserved); }
    std::string text() const override { return write_(findings_); }

private:
    RunFindings findings_;
    std::string (*write_)(const RunFindings&);
};

}  // namespace

void RunFindings::add(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) {
    const auto [known, is_new] = known_.try_emplace({snapshot.process.pid, snapshot.process.exe}, processes_.size());
    if (is_new) processes_.emplace_back();
    RunProcess& process = processes_[known->second];
    process.pid = snapshot.process.pid;
    process.program = printable(std::string(analyze::base_name(snapshot.process.exe)));
    process.command = command_of(snapshot.process);
    process.seconds = snapshot.process.uptime_seconds;
    if (analysis.findings.empty()) return;
    const Teller teller(snapshot, facts_.source_root);
    FindingTexts texts(snapshot, analysis, {.full_stacks = facts_.full_stacks});
    std::set<std::string> met;
    for (const Finding& finding : analysis.findings) {
        RunFinding told = teller.tell(finding);
        told.fails = fails(finding, analysis, facts_.fail_on);
        told.level = level_of(finding.certainty, told.fails);
        const auto same = std::find_if(process.findings.begin(), process.findings.end(),
                                       [&](const RunFinding& other) { return other.fingerprint == told.fingerprint; });
        const bool is_known = same != process.findings.end();
        if (!met.insert(told.fingerprint).second) {
            same->threads += told.threads;  // the same mistake, made twice
            continue;
        }
        if (process.findings.size() < kToldTexts || is_known) told.text = texts.of(finding);
        if (is_known) {
            told.fails = told.fails || (same->fails && !told.suppressed_by);
            *same = std::move(told);
        } else {
            process.findings.push_back(std::move(told));
        }
    }
}

std::vector<RunFindings::Distinct> RunFindings::distinct() const {
    std::vector<Distinct> found;
    std::map<std::string, size_t> known;
    for (const RunProcess& process : processes_) {
        for (const RunFinding& finding : process.findings) {
            if (finding.suppressed_by) continue;
            const auto [entry, is_new] = known.try_emplace(finding.fingerprint, found.size());
            if (is_new)
                found.push_back({&finding, &process, 1});
            else
                ++found[entry->second].processes;
        }
    }
    std::stable_sort(found.begin(), found.end(), [](const Distinct& left, const Distinct& right) {
        return std::make_pair(left.finding->level, left.finding->verdict) <
               std::make_pair(right.finding->level, right.finding->verdict);
    });
    return found;
}

std::unique_ptr<Document> document_of_findings(const RunFacts& facts, std::string (*write)(const RunFindings&)) {
    return std::make_unique<FindingDocument>(facts, write);
}

std::string uri_path(const std::string& path) {
    constexpr std::string_view kPlain = "-._~/!$'()*+,;=@";
    std::string uri;
    for (const char c : path) {
        const auto byte = static_cast<unsigned char>(c);
        const bool is_letter =
            (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
        if (is_letter || kPlain.find(c) != std::string_view::npos)
            uri += c;
        else
            uri += fmt::format("%{:02X}", byte);
    }
    return uri;
}

std::string word(Level level) {
    switch (level) {
        case Level::kError: return "error";
        case Level::kWarning: return "warning";
        case Level::kNote: return "note";
    }
    return "";
}

}  // namespace render
