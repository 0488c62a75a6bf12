# SPDX-License-Identifier: Apache-2.0
"""A pool over a queue: `leaky` leaves its three daemon workers waiting for jobs, `clean` lets them go."""
import os
import queue
import sys
import threading
import time

WORKERS = 3
leaky = sys.argv[1] == "leaky"
jobs = queue.Queue()
squares = []


def work():
    while (job := jobs.get()) is not None:
        squares.append(job * job)
        jobs.task_done()


def blocked_threads():
    """Threads in an untimed futex wait (the wait for the interpreter's own lock is timed)."""
    calls = [open(f"/proc/self/task/{tid}/syscall").read().split() for tid in os.listdir("/proc/self/task")]
    return sum(call[0] == "202" and call[4] == "0x0" for call in calls)


workers = [threading.Thread(target=work, daemon=leaky) for _ in range(WORKERS)]
for worker in workers:
    worker.start()
for number in range(1000):
    jobs.put(number)
jobs.join()
if leaky:
    while blocked_threads() < WORKERS:
        time.sleep(0.001)
else:
    for worker in workers:
        jobs.put(None)
    for worker in workers:
        worker.join()
print(sum(squares))
sys.exit(5)
