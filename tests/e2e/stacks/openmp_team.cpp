// SPDX-License-Identifier: Apache-2.0
//
// A team of OpenMP, of SIZE threads, of which one stays out. Says "stuck" when the others wait for it, or
// are about to.
//
//   openmp_team barrier SIZE    they wait in a barrier of the program's
//   openmp_team end SIZE        they wait at the end of the region
//   openmp_team pool SIZE       the region is over; its threads wait for the next one, main for a signal
#include <signal.h>
#include <unistd.h>

#include <cstring>

#include "tests/support/gate.h"

namespace {

int team_size = 0;
std::atomic<int> arrived{0};
std::atomic<int> passed{0};

void stay_out() {
    gate::await([] { return arrived.load() == team_size - 1; });
    gate::say("stuck\n");
    gate::Flag().await_open();
}

[[gnu::noinline]] void meet() {
#pragma omp parallel num_threads(team_size)
    {
        if (arrived.fetch_add(1) == team_size - 1) {
            arrived.store(team_size - 1);
            stay_out();
        }
#pragma omp barrier           // SITE(barrier) meet
        passed.fetch_add(1);  // without it the call would be a jump, and leave no frame
    }
}

[[gnu::noinline]] void end_region() {
#pragma omp parallel num_threads(team_size)
    if (arrived.fetch_add(1) == team_size - 1) {
        arrived.store(team_size - 1);
        stay_out();
    }
}

[[gnu::noinline]] void finish_region() {
#pragma omp parallel num_threads(team_size)
    passed.fetch_add(1);
}

}  // namespace

int main(int, char** arguments) {
    team_size = arguments[2][0] - '0';
    if (std::strcmp(arguments[1], "barrier") == 0) meet();
    if (std::strcmp(arguments[1], "end") == 0) end_region();
    finish_region();
    gate::say("stuck\n");
    pause();
    return 0;
}
