// SPDX-License-Identifier: Apache-2.0
//
// Where locks were initialized, for those that a call initializes: locks of one such place are of one class, whatever
// the places that they are acquired in. A std::mutex is initialized by nobody.
#pragma once

#include <cstdint>

#include "preload/stacks/stack_capture.h"

namespace preload {

/// A new lock lies at `address`. Newer ones take the place of older ones where there is no room for all. O(1).
void note_creation(uint64_t address, WrapperFrame frame);

/// Equal for locks of one class: the stack id of the initialization; where there was no recording yet, something that
/// is none. 0: not known. O(1).
uint32_t creation_class(uint64_t address);

/// The lock there begins or ends its life: where the one before was made is no news of the next one. O(1).
void forget_creation(uint64_t address);

}  // namespace preload
