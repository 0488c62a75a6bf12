// SPDX-License-Identifier: Apache-2.0
//
// Two reports of a program: which groups of threads appeared, grew or went between them. What they are
// compared by is stable over runs, rebuilds and line shifts, as fingerprints are.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace analyze {

/// Threads in the same state, in the same functions, created in the same ones.
struct ThreadGroup {
    std::string state;
    std::vector<snapshot::Frame> stack;    ///< of one of them
    std::vector<snapshot::Frame> created;  ///< the same
    size_t threads = 0;
};

/// What a comparison needs of a report, or of several together. The thread that ends its process is
/// nowhere: what it does then says nothing of the program.
struct Digest {
    size_t threads = 0;
    std::map<std::string, ThreadGroup> groups;    ///< by what they are compared by
    std::map<std::string, std::string> findings;  ///< "deadlock: ..." by fingerprint

    void add_thread(std::string state, std::vector<snapshot::Frame> stack, std::vector<snapshot::Frame> created);
    void add(const snapshot::Snapshot& snapshot, const Analysis& analysis);
};

struct Change {
    ThreadGroup group;  ///< `threads` as it is now, or was when it went
    size_t before = 0;
    size_t after = 0;
};

/// Each list by how many threads it is about, most first.
struct Comparison {
    size_t threads_before = 0;
    size_t threads_after = 0;
    std::vector<Change> appeared;
    std::vector<Change> grew;
    std::vector<Change> shrank;
    std::vector<Change> gone;
    std::map<std::string, std::string> new_findings;   ///< as in Digest
    std::map<std::string, std::string> gone_findings;  ///< the same
};

Comparison compare(const Digest& before, const Digest& after);

}  // namespace analyze
