// SPDX-License-Identifier: Apache-2.0
//
// A process with findings of two kinds, for tests of what accepts them.
#pragma once

#include "tests/support/snapshot_builder.h"

namespace policy {

/// main calls exit; T2 and T3 wait for jobs, T4 and T5 for each other's lock.
struct IdlePool : support::SnapshotBuilder {
    IdlePool() {
        using support::frame;
        thread(1).ends_process();
        for (const uint32_t id : {2, 3}) {
            thread(id)
                .named("worker-" + std::to_string(id))
                .waits_on(support::condition(0x90, "g_jobs"))
                .at({support::libc_frame("pthread_cond_wait"), frame("Queue<int>::pop()", "queue.h", 31),
                     frame("work(Queue<int>&)", "jobs.cpp", 12)})
                .entry(frame("begin_work(void*)", "jobs.cpp", 9))
                .created_by(1, {support::libc_frame("pthread_create"), frame("start_workers(int)", "jobs.cpp", 25),
                                frame("main", "main.cpp", 90)});
        }
        const snapshot::Object left = support::mutex(0x20, "g_left");
        const snapshot::Object right = support::mutex(0x30, "g_right");
        thread(4).holds(left).waits_for(right).at({frame("take_right()", "locks.cpp", 4)});
        thread(5).holds(right).waits_for(left).at({frame("take_left()", "locks.cpp", 8)});
    }
};

}  // namespace policy
