// SPDX-License-Identifier: Apache-2.0
//
// What threads wait for, in the text report: who has it since when and from where, what those do
// now, who signalled last.
#pragma once

#include "render/groups.h"
#include "render/sheet.h"

namespace render {

void print_wait(Sheet& sheet, const Group& group);

/// Locks that threads hold and that no printed wait tells of; of finished threads all of them.
void print_holds(Sheet& sheet, const Group& group);

/// "mutex g_ledger", "the end of T5".
std::string awaited_words(const snapshot::Wait& wait);
/// ", held by"; ", run by" for once; ", wanted first by" for a queued writer; empty for joins.
std::string_view owned_words(snapshot::LockKind kind, bool queued);

}  // namespace render
