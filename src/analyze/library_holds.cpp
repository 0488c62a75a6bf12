// SPDX-License-Identifier: Apache-2.0
#include "analyze/library_holds.h"

#include "analyze/frames.h"

namespace analyze {

bool is_librarys_own(const snapshot::Snapshot& snapshot, const snapshot::Hold& hold) {
    if (hold.lock.kind != snapshot::LockKind::kOnce || hold.acquired_at >= snapshot.stacks.size()) return false;
    for (const snapshot::Frame& frame : snapshot.stacks[hold.acquired_at].frames) {
        if (origin_of(frame) == Origin::kProgram) return false;
        // Also of a function with a part of a future in its arguments, where others were inlined into it.
        if (frame.function.find("std::__future_base::") != std::string::npos) return true;
    }
    return false;
}

}  // namespace analyze
