// SPDX-License-Identifier: Apache-2.0
//
// The files that a command line names, and what each is for.
#pragma once

#include <string>

#include "options.h"

namespace command {

/// Two names of one file, through links too; or the same words, where neither is there yet.
bool are_one_file(const std::string& one, const std::string& other);

/// Throws UsageError where what is written would overwrite what is read, or what else is written: before any
/// file is touched. A baseline may be renewed in place, and a suppressions file be added to. Devices and pipes
/// may be shared.
void refuse_shared_files(const Options& options);

}  // namespace command
