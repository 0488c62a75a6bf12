// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Of a variable that the library keeps to itself. Where it is merely declared, the compiler would take
/// it for another library's and look its address up; -fvisibility tells of definitions only.
#define OURS __attribute__((visibility("hidden")))
