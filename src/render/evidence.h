// SPDX-License-Identifier: Apache-2.0
//
// What is known of waits that have no owner: on what, and who last did what would have ended them.
#pragma once

#include <string>

#include "render/groups.h"
#include "render/sheet.h"

namespace render {

/// One line for each different evidence; with the threads it is of, when it is not of all.
void print_evidence(Sheet& sheet, const Group& group);

/// Whoever signalled before what `thread` waits for has ended, or waits behind it; nothing where that is not so.
void print_probable_cycle(Sheet& sheet, const snapshot::Thread& thread);

/// "process 4243 (sh)", "T1 itself", "this process (fd 3)": who has the lock that `thread` waits for.
std::string process_words(const Sheet& sheet, const snapshot::Thread& thread, const snapshot::ProcessOwner& owner);
/// "held by process 4243 (sh)"; empty: none is known.
std::string lock_owner_words(const Sheet& sheet, const snapshot::Thread& thread);

}  // namespace render
