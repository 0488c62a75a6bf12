// SPDX-License-Identifier: Apache-2.0
//
// The leaking cases under doctest.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include "loiter/doctest.h"

#define SECTION SUBCASE
#include "tests/e2e/api/leaking_cases.inc"

REGISTER_LISTENER("thread-leaks", 1, loiter::ThreadLeakListener);
