// SPDX-License-Identifier: Apache-2.0
//
// The formats that tell of a whole run in one document. Processes are added as they are reported; the
// document is made of what is known when it is asked for. Touches no process and no file.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace render {

struct RunFacts {
    std::string version;      ///< of loiter
    std::string source_root;  ///< folder of the repository, absolute; empty: not known
    std::string command;      ///< CMD as one line; empty: none was run
    std::set<analyze::Verdict> fail_on;
    bool full_stacks = false;
    int64_t time_nanoseconds = 0;  ///< since 1970; 0: not known
};

/// A program of which the run knows nothing but that.
struct Unobserved {
    std::string program;
    std::string why;
    uint64_t times = 1;
    bool is_command = false;  ///< CMD itself: the run tells nothing
};

class Document {
public:
    virtual ~Document() = default;
    /// A process may be reported more than once: a finding is told once, its threads as last seen.
    virtual void add(const snapshot::Snapshot& snapshot, const analyze::Analysis& analysis) = 0;
    virtual void add(const Unobserved& unobserved) = 0;
    virtual std::string text() const = 0;
};

/// Findings, for the pages of CI services.
std::unique_ptr<Document> junit(const RunFacts& facts);     ///< XML of test results: a case a finding
std::unique_ptr<Document> sarif(const RunFacts& facts);     ///< SARIF 2.1.0
std::unique_ptr<Document> github(const RunFacts& facts);    ///< workflow commands, one a line
std::unique_ptr<Document> gitlab(const RunFacts& facts);    ///< code quality JSON
std::unique_ptr<Document> markdown(const RunFacts& facts);  ///< the table of a step summary

/// What text reports of several processes come to, for a line after the last; empty of fewer than two with findings.
std::unique_ptr<Document> text_total(const RunFacts& facts);

/// Threads, for the eye.
std::unique_ptr<Document> folded(const RunFacts& facts);  ///< lines for flame graphs
std::unique_ptr<Document> pprof(const RunFacts& facts);   ///< profile.proto, gzipped
std::unique_ptr<Document> dot(const RunFacts& facts);     ///< the wait-for graph, for graphviz

}  // namespace render
