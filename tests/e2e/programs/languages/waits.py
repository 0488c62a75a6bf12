# SPDX-License-Identifier: Apache-2.0
"""Daemon threads, each in a wait of its own that never ends. Then, as told: `stay`, `_exit` or `exit`."""
import os
import queue
import sys
import threading
import time

first, second = threading.Lock(), threading.Lock()
both = threading.Barrier(2)
nothing = queue.Queue()


def transfer():
    with first:
        both.wait()
        with second:  # SITE(transfer)
            pass


class Auditor:
    def audit(self):
        with second:
            both.wait()
            first.acquire()  # SITE(audit)


def consume():
    nothing.get()  # SITE(consume)


def wait_for(thread):
    thread.join()  # SITE(join)


def nap():
    time.sleep(1000)  # SITE(sleep)


def outer():
    def inner():
        nothing.get()  # SITE(inner)

    inner()  # SITE(outer)


def produce():
    yield 1
    yield nothing.get()  # SITE(generator)


def iterate():
    for _ in produce():  # SITE(iterate)
        pass


def collect():
    return [
        nothing.get()  # SITE(comprehension)
        for _ in range(2)
    ]


def descend(depth):
    if depth == 0:
        nothing.get()  # SITE(bottom)
    else:
        descend(depth - 1)  # SITE(descend)


def größe_中():
    nothing.get()  # SITE(wide)


def waiting():
    """Threads in an untimed futex wait or a sleep (the wait for the interpreter's own lock is timed)."""
    calls = [open(f"/proc/self/task/{tid}/syscall").read().split() for tid in os.listdir("/proc/self/task")]
    return sum(call[0] == "230" or (call[0] == "202" and call[4] == "0x0") for call in calls)


napper = threading.Thread(target=nap, daemon=True)
starts = [transfer, Auditor().audit, consume, outer, iterate, collect, größe_中]
threads = [napper] + [threading.Thread(target=start, daemon=True) for start in starts]
threads.append(threading.Thread(target=wait_for, args=(napper,), daemon=True))
threads.append(threading.Thread(target=descend, args=(120,), daemon=True))
for thread in threads:
    thread.start()
while waiting() < len(threads):
    pass
print("ready", flush=True)
if sys.argv[1] == "stay":
    napper.join()
elif sys.argv[1] == "_exit":
    os._exit(7)
else:
    sys.exit(7)
