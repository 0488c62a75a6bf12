// SPDX-License-Identifier: Apache-2.0
//
// The whole look at a process: records, kernel, locks, records again; see Recording::take_snapshot.
#pragma once

#include "read/look_options.h"
#include "read/records/head.h"
#include "read/records/identity.h"
#include "read/records/source.h"
#include "snapshot/snapshot.h"

namespace reader {

snapshot::Snapshot take_snapshot(const Source& source, const Layout& layout, const Identity& identity,
                                 snapshot::Reason reason, LookOptions options);

}  // namespace reader
