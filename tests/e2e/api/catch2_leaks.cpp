// SPDX-License-Identifier: Apache-2.0
//
// The leaking cases under Catch2.
#define CATCH_CONFIG_MAIN
#include "loiter/catch2.h"
#include "tests/e2e/api/leaking_cases.inc"

using loiter::ThreadLeakListener;
CATCH_REGISTER_LISTENER(ThreadLeakListener)
