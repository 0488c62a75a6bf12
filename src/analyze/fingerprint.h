// SPDX-License-Identifier: Apache-2.0
//
// Names for findings that stay the same over runs, rebuilds and line shifts, so that they can be
// accepted once and compared between reports. Made of verdict, states, function names and lock
// names; never of addresses, lines, paths, thread numbers or counts.
#pragma once

#include <string>
#include <vector>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace analyze {

/// What a thread that waits, or still runs, adds: state, object, block site, creation site.
std::string identity(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);
/// The same for a finished thread.
std::string identity_of_finished(const snapshot::Snapshot& snapshot, const snapshot::Thread& thread);
/// The same for a lock and the place where a thread acquired it.
std::string identity(const snapshot::Snapshot& snapshot, const snapshot::Thread& owner, const snapshot::Object& lock,
                     snapshot::StackIndex acquired_at);

/// 16 hex digits. Equal identities count once and their order does not matter: how many threads
/// run into a mistake, and which comes first, differs from run to run.
std::string fingerprint(Verdict verdict, std::vector<std::string> identities);

}  // namespace analyze
