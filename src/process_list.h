// SPDX-License-Identifier: Apache-2.0
//
// `loiter ps`, and the recordings that lie about on this machine.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "options.h"
#include "read/read.h"

namespace command {

/// Recordings of this machine, newest first: in the usual folders, in `folder` where one is named,
/// those that running processes have mapped, and what lies beside them.
std::vector<reader::Found> all_recordings(const std::string& folder = "");

/// What was left behind last: the folder of a run whose command is gone, or the recording of a dead process.
/// Throws reader::Error where there is none.
std::string last_left_behind();

/// Removes old recordings of dead processes; every command does so at its end.
size_t prune_recordings();

/// Lists them, or prunes; returns the exit status.
int list_processes(const Options& options);

/// The table, ends with a newline.
std::string process_table(const std::vector<reader::Found>& recordings);
/// One JSON object a line.
std::string process_objects(const std::vector<reader::Found>& recordings);

}  // namespace command
