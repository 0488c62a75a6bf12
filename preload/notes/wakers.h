// SPDX-License-Identifier: Apache-2.0
//
// What could yet wake the threads of this process, were all of them asleep: ProcessRecord::wakers.
#pragma once

#include <pthread.h>

#include <cstdint>

#include "protocol/layout.h"

namespace preload {

/// Notes bits kWaker*, also for a recording that is made later. From any thread or handler, errno
/// untouched; nothing happens in a child of vfork.
void note_waker(uint32_t bits);

/// Writes what was noted before into a recording that has just become this process'.
void publish_wakers();

/// After fork: handlers and shared locks are inherited, timers and cancellations are not.
void keep_inherited_wakers();

/// `get` is the pthread function that tells whether objects made with these attributes are shared.
template <typename Attributes>
void note_if_shared(const Attributes* attributes, int (*get)(const Attributes*, int*)) {
    int shared = PTHREAD_PROCESS_PRIVATE;
    if (attributes != nullptr && get(attributes, &shared) == 0 && shared != PTHREAD_PROCESS_PRIVATE) {
        note_waker(protocol::kWakerShared);
    }
}

}  // namespace preload
