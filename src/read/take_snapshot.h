// SPDX-License-Identifier: Apache-2.0
//
// The whole look at a process: records, kernel, locks, records again; see Recording::take_snapshot.
#pragma once

#include "read/head.h"
#include "read/identity.h"
#include "read/look_options.h"
#include "read/source.h"
#include "snapshot/snapshot.h"

namespace reader {

snapshot::Snapshot take_snapshot(const Source& source, const Layout& layout, const Identity& identity,
                                 snapshot::Reason reason, LookOptions options);

}  // namespace reader
