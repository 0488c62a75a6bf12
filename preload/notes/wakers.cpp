// SPDX-License-Identifier: Apache-2.0
#include "preload/notes/wakers.h"

#include <atomic>

#include "preload/process/recording.h"
#include "preload/threads/this_thread.h"

namespace preload {

namespace {

constinit std::atomic<uint32_t> noted{0};

}  // namespace

// Each writes one word and then reads the other's: of a note and a recording that come at once, one
// sees the other. All of it is sequentially consistent for that.
void note_waker(uint32_t bits) {
    this_thread();  // after fork `process` is the parent's until this
    if (!is_own_process()) return;
    noted.fetch_or(bits);
    if (protocol::ProcessRecord* const recording = __atomic_load_n(&process, __ATOMIC_SEQ_CST)) {
        recording->wakers.fetch_or(bits);
    }
}

void publish_wakers() {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    process->wakers.fetch_or(noted.load());
}

void keep_inherited_wakers() {
    noted.fetch_and(protocol::kWakerHandler | protocol::kWakerShared);
}

}  // namespace preload
