// SPDX-License-Identifier: Apache-2.0
//
// Recordings and cores that were left on disk.
#pragma once

#include <functional>
#include <string>

#include "read/read.h"
#include "snapshot/snapshot.h"

namespace command {

using OnSnapshot = std::function<void(snapshot::Snapshot&&)>;

/// As of its process' last moment, or of this one while it lives.
void look_at_recording(const reader::Recording& recording, const OnSnapshot& on_snapshot);

/// A recording, a core, or every recording of a folder, of which those that cannot be read are named on
/// standard error. Throws reader::Error where nothing can be read.
void look_at_source(const std::string& path, const OnSnapshot& on_snapshot);

}  // namespace command
