# SPDX-License-Identifier: Apache-2.0
#
# Every blocking operation of Python's library, each in a thread of its own, in the order of the test's table.
import concurrent.futures
import queue
import threading
import time

HOUR = 3600
lock = threading.Lock()
recursive = threading.RLock()
ready = threading.Condition()


def wait_for_condition():
    with ready:
        ready.wait()


def wait_a_while():
    with ready:
        ready.wait(HOUR)


def sit():
    threading.Event().wait()


def join():
    joined = threading.Thread(target=sit, daemon=True)
    joined.start()
    joined.join()


lock.acquire()
recursive.acquire()
operations = [
    lock.acquire,
    lambda: lock.acquire(timeout=HOUR),
    recursive.acquire,
    wait_for_condition,
    wait_a_while,
    sit,
    threading.Semaphore(0).acquire,
    threading.Barrier(2).wait,
    queue.Queue().get,
    queue.SimpleQueue().get,
    concurrent.futures.Future().result,
    lambda: time.sleep(HOUR),
    join,
]
for operation in operations:
    threading.Thread(target=operation, daemon=True).start()
print("started", flush=True)
time.sleep(HOUR)
