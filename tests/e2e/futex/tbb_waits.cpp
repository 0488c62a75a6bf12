// SPDX-License-Identifier: Apache-2.0
//
// Waits of oneTBB: `tbb_waits queue leaky|fixed`.
#include <tbb/concurrent_queue.h>

#include "tests/e2e/futex/leak.h"

namespace {

/// Not destroyed at the end of the process: that would let its waiter go.
tbb::concurrent_bounded_queue<int>& g_queue = *new tbb::concurrent_bounded_queue<int>;
void pop() {
    int item = 0;
    g_queue.pop(item);  // SITE(queue) pop
}
void push() {
    g_queue.push(1);
}

constexpr Leak kLeaks[] = {{"queue", pop, push}};

}  // namespace

int main(int argc, char** argv) {
    return leak_or_join(kLeaks, argc, argv);
}
