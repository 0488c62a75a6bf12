// SPDX-License-Identifier: Apache-2.0
//
// A worker of oneTBB's pool that has nothing to do any more.
#include <tbb/parallel_for.h>

#include "tests/e2e/operations/operations.h"

namespace {

/// Both parts of the loop are in it at the same time: the other one is in a thread of the pool.
long g_beginner = 0;
void work_together(int) {
    static std::atomic<int> arrived{0};
    if (gate::raw_call(/*gettid*/ 186) != g_beginner) pthread_setname_np(pthread_self(), "worker");
    ++arrived;
    gate::await([] { return arrived == 2; });
}

void leave_worker_idle() {
    g_beginner = gate::raw_call(/*gettid*/ 186);
    tbb::parallel_for(0, 2, work_together);
    for (;;) pause();
}

constexpr Operation kOperations[] = {{"loop", leave_worker_idle}};

}  // namespace

int main(int argc, char** argv) {
    return enter_all(kOperations, argc, argv);
}
