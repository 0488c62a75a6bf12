// SPDX-License-Identifier: Apache-2.0
//
// What the documents about findings tell, as plain values: every process of a run, each of its findings
// once, with the places in the source that belong to it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyze/finding.h"
#include "render/document.h"
#include "render/places.h"
#include "snapshot/snapshot.h"

namespace render {

enum class Level { kError, kWarning, kNote };

/// A place of a thread's story: where it took a lock, where it waits, where it was created.
struct Step {
    enum class Kind { kAcquires, kStays, kCreated };
    Kind kind = Kind::kStays;
    std::string words;  ///< "T2 acquired mutex g_ledger"
    Place place;
};

struct ThreadStory {
    uint32_t id = 0;
    std::string words;  ///< `T2 "teller"`
    std::vector<Step> steps;
};

struct RunFinding {
    analyze::Verdict verdict = analyze::Verdict::kBlocked;
    analyze::Certainty certainty = analyze::Certainty::kFact;
    Level level = Level::kError;
    bool fails = false;  ///< --fail-on has a verdict of its threads
    std::string message;
    std::string fingerprint;
    std::optional<std::string> suppressed_by;
    size_t threads = 0;
    Place place;  ///< the line to open
    std::vector<ThreadStory> stories;
    std::string text;  ///< its part of the text report
};

struct RunProcess {
    uint32_t pid = 0;
    std::string program;  ///< file name
    std::string command;  ///< with its arguments
    double seconds = 0;
    std::vector<RunFinding> findings;
};

class RunFindings {
public:
    explicit RunFindings(const RunFacts& facts) : facts_(facts) {}

    void add(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis);
    void add(const Unobserved& unobserved) { unobserved_.push_back(unobserved); }

    const RunFacts& facts() const { return facts_; }
    const std::vector<RunProcess>& processes() const { return processes_; }
    const std::vector<Unobserved>& unobserved() const { return unobserved_; }

    /// A finding that several processes have, once; strongest first. Without the suppressed ones.
    struct Distinct {
        const RunFinding* finding;
        const RunProcess* process;  ///< the first that has it
        size_t processes;
    };
    std::vector<Distinct> distinct() const;

private:
    RunFacts facts_;
    std::vector<RunProcess> processes_;
    std::map<std::pair<uint32_t, std::string>, size_t> known_;  ///< by pid and program
    std::vector<Unobserved> unobserved_;
};

/// A document that is made of the findings alone.
std::unique_ptr<Document> document_of_findings(const RunFacts& facts, std::string (*write)(const RunFindings&));

/// "src/a%20b.cpp": a path as the path of a URI.
std::string uri_path(const std::string& path);

/// "error", "warning", "note".
std::string word(Level level);

}  // namespace render
