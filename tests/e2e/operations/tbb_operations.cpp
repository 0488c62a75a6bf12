// SPDX-License-Identifier: Apache-2.0
//
// Blocking operations of oneTBB: its queue, and a loop whose last part does not end.
#include <tbb/concurrent_queue.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include "tests/e2e/operations/operations.h"

namespace {

tbb::concurrent_bounded_queue<int> g_queue;
void pop() {
    int item = 0;
    g_queue.pop(item);  // SITE(pop) pop
}

tbb::concurrent_bounded_queue<int> g_full;
void push() {
    g_full.set_capacity(1);
    g_full.push(1);
    g_full.push(2);  // SITE(push) push
}

/// One part of the loop stays in another thread's hands; whoever began it waits for it.
long g_beginner = 0;
void work_or_stay(int) {
    static std::atomic<bool> other_is_in{false};
    if (gate::raw_call(/*gettid*/ 186) == g_beginner) return gate::await([] { return other_is_in.load(); });
    pthread_setname_np(pthread_self(), "task");
    other_is_in = true;
    for (;;) pause();
}

void loop() {
    g_beginner = gate::raw_call(/*gettid*/ 186);
    tbb::parallel_for(0, 2, work_or_stay);  // SITE(parallel_for) loop
}

constexpr Operation kOperations[] = {{"pop", pop}, {"push", push}, {"parallel_for", loop}};

}  // namespace

int main(int argc, char** argv) {
    const tbb::global_control threads(tbb::global_control::max_allowed_parallelism, 3);
    return enter_all(kOperations, argc, argv);
}
