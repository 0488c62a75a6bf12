/* SPDX-License-Identifier: Apache-2.0
 *
 * loiter/loiter.h in C99, every call once, whatever way it is linked.
 */
#include "loiter/loiter.h"

#include <stdio.h>

int main(void) {
    struct loiter_counts counts;
    struct loiter_thread thread;
    int lock = 0;
    const int counted = loiter_count_threads(&counts);
    const size_t others = loiter_threads_since(loiter_mark(), &thread, 1);
    loiter_lock_waiting(&lock, LOITER_SHARED);
    loiter_lock_given_up(&lock);
    loiter_lock_acquired(&lock, LOITER_EXCLUSIVE);
    loiter_lock_released(&lock);
    printf("%d %d %u %u %zu %d %d %d %d", loiter_is_active(), counted, counts.threads, counts.alive, others,
           loiter_name_lock(&lock, "a lock"), loiter_expect_this_thread(), loiter_expect_next_thread(),
           loiter_set_label("a label"));
    printf(" %s\n", loiter_label() != NULL ? loiter_label() : "-");
    return 0;
}
