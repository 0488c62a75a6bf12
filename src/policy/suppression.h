// SPDX-License-Identifier: Apache-2.0
//
// Entries of a suppressions file: findings that a team has accepted, by what they look like.
//
//     # one entry a line
//     started:pool_worker
//     verdict:blocked top:^Queue::pop lock:g_jobs
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "analyze/finding.h"
#include "snapshot/snapshot.h"

namespace policy {

/// A file that cannot be used; the message is one line, with the file's name and the line's number.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// What of a finding is looked at. A frame is matched by its function, its file or its module.
enum class Kind {
    kThread,     ///< the thread's name
    kStarted,    ///< its start routine
    kCreatedBy,  ///< any frame of the stack that created it
    kBlockedIn,  ///< any frame of the stack on which it waits or runs
    kTop,        ///< the innermost frame of the program's own on that stack; it has none: the innermost
    kLock,       ///< the name of what it waits for or holds
    kModule,     ///< the module of any frame of that stack, and of the one that created it
    kVerdict,    ///< the verdict, whole
};

/// As in the sanitizers: found anywhere in the text; '*' stands for any text, '^' and '$' at its ends for
/// the text's.
struct Condition {
    Kind kind = Kind::kThread;
    std::string pattern;
};

struct Suppression {
    std::vector<Condition> conditions;  ///< all must hold, of one thread
    std::string text;                   ///< as written
    std::string place;                  ///< "ci.supp:12"
};

/// `file` is named in errors and places. Throws Error for a line that is no entry.
std::vector<Suppression> parse_suppressions(std::string_view text, const std::string& file);

/// Facts about threads are accepted where the entry fits every thread of the finding; a cycle or a lock
/// where it fits one.
bool fits(const Suppression& suppression, const snapshot::Snapshot& snapshot, const analyze::Finding& finding);

/// The word before the colon: "created_by".
std::string_view word(Kind kind);

}  // namespace policy
