// SPDX-License-Identifier: Apache-2.0
//
// Who runs an initializer owns what it initializes for that time, also where initializers nest.
#pragma once

#include <cstdint>

#include "preload/notes/holds.h"

namespace preload {

/// The calling thread runs the initializer of `control` from here on, which it was given at `stack`.
void begin_initializer(const volatile void* control, uint32_t stack);

}  // namespace preload
