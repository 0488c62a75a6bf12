// SPDX-License-Identifier: Apache-2.0
//
// Things that a program must not do, noted as they are done. All of it is far from any path that a
// sound program takes.
#pragma once

#include <cstdint>

#include "protocol/layout.h"

namespace preload {

/// Once for each place and object, as long as there is room. `other_thread`: 0: none, or not known.
void note_misuse(protocol::ThreadRecord* self, protocol::MisuseKind kind, protocol::LockKind lock_kind, uint64_t object,
                 uint32_t stack, uint32_t other_thread);

}  // namespace preload
