// SPDX-License-Identifier: Apache-2.0
//
// Blocking operations of OpenMP. Each thread that enters one has a team of its own.
#include <omp.h>

#include "tests/e2e/operations/operations.h"

namespace {

void stay(const char* name) {
    pthread_setname_np(pthread_self(), name);
    for (;;) pause();
}

void wait_at_barrier() {
#pragma omp parallel num_threads(2)
    {
        if (omp_get_thread_num() == 1) stay("absent");
#pragma omp barrier  // SITE(barrier) wait_at_barrier
    }
}

void end_region() {  // SITE(region) end_region
#pragma omp parallel num_threads(2)
    if (omp_get_thread_num() == 1) stay("late");
}

void enter_critical() {
#pragma omp critical(kept)  // SITE(critical_too) enter_critical
    for (;;) pause();
}

omp_lock_t g_lock;
void set_lock() {
    omp_set_lock(&g_lock);  // SITE(omp_set_lock) set_lock
}

constexpr Operation kOperations[] = {
    {"barrier", wait_at_barrier},     {"region", end_region},     {"critical", enter_critical},
    {"critical_too", enter_critical}, {"omp_set_lock", set_lock},
};

}  // namespace

int main(int argc, char** argv) {
    omp_init_lock(&g_lock);
    omp_set_lock(&g_lock);
    return enter_all(kOperations, argc, argv);
}
