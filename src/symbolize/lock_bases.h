// SPDX-License-Identifier: Apache-2.0
//
// Locks with more than one futex: a wait on a word within one is a wait for the whole, and is to be named so.
#pragma once

#include "snapshot/snapshot.h"

namespace symbolize {

/// Of a snapshot whose frames have their names. Moves the addresses of such waits to where their lock begins.
void find_lock_bases(snapshot::Snapshot& snapshot);

}  // namespace symbolize
