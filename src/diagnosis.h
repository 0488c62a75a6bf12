// SPDX-License-Identifier: Apache-2.0
//
// `loiter doctor`.
#pragma once

#include <string>

#include "doctor/doctor.h"
#include "options.h"

namespace command {

/// Returns the exit status.
int diagnose(const Options& options);

/// One line a check, the verdict last.
std::string diagnosis_text(const doctor::Diagnosis& diagnosis, bool colored);
/// {"schema": "loiter-doctor/1", ...}, on one line.
std::string diagnosis_object(const doctor::Diagnosis& diagnosis);

}  // namespace command
