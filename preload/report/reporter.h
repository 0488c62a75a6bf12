// SPDX-License-Identifier: Apache-2.0
//
// Reports of a plainly preloaded program: the command is started to make them. Under `run` and `gate`
// nothing of this is in use.
#pragma once

#include "preload/report/report_options.h"

namespace preload {

/// Notes what a report needs and what the program may change before: its options, where the command
/// is, and which file standard error is. `options` null: $LOITER_OPTIONS is not set. Says on standard
/// error what is wrong with it. `variables`: the environment, as the kernel left it. Once, at load.
void prepare_reports(const char* options, char** variables);

/// Valid after prepare_reports; the defaults before.
const ReportOptions& report_options();

/// The process is at its end with threads left, which stay as they are meanwhile. Returns when the
/// report is made, or within 30 s. False: there is none, so the recording has to stay.
bool report_at_end();

/// From the handler of the report signal: starts the report of the live process. Does not wait for it,
/// but where the target would inherit its process (as process 1 of a container does).
void report_on_signal();

}  // namespace preload
