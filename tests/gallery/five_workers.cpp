// SPDX-License-Identifier: Apache-2.0
//
// Main waits for a group of workers. fixed: all of them are done in the end.
// undone: one waits for a job that never comes, and never says that it is done.
#include <atomic>
#include <cstdio>
#include <thread>

#include "tests/gallery/channel.hpp"
#include "tests/gallery/variant.hpp"
#include "tests/gallery/wait_group.hpp"
#include "tests/support/gate.h"

constexpr int kThreads = 5;  // VARY(1..8)

std::atomic<int> g_jobs_done{0};

void work_on_one_job(Channel<int>* jobs, WaitGroup* group) {
    const int job = jobs->receive().value_or(0);  // SITE(block) work_on_one_job
    g_jobs_done.fetch_add(job);
    group->done();
}
// WRAP(work_on_one_job)

void start_workers(Channel<int>* jobs, WaitGroup* group) {
    for (int i = 0; i < kThreads; ++i) {
        std::thread worker(work_on_one_job, jobs, group);  // SITE(created) start_workers
        worker.detach();
    }
}
// WRAP(start_workers)

void run_jobs(int count, bool all_done) {
    auto* const jobs = new Channel<int>;
    auto* const group = new WaitGroup;
    group->add(kThreads);
    start_workers(jobs, group);
    for (int i = 0; i < count; ++i) jobs->send(1);
    if (!all_done) {
        gate::await_others_blocked(1);
        gate::say("stuck\n");
    }
    group->wait();  // SITE(main_block) run_jobs
    std::printf("%d jobs done\n", g_jobs_done.load());
}
// WRAP(run_jobs)

int main(int argc, char** argv) {
    const std::string_view variant = variant_of(argc, argv);
    if (variant == "undone") {
        run_jobs(kThreads - 1, false);
        return 0;
    }
    if (variant == "fixed") {
        run_jobs(kThreads, true);
        gate::await_thread_count(1);
        return 0;
    }
    return no_such_variant();
}
