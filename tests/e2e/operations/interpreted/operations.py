# SPDX-License-Identifier: Apache-2.0
"""Every blocking operation of Python's library, each in a thread of its own, in a function of its own."""
import concurrent.futures
import ctypes
import os
import queue
import socket
import subprocess
import threading
import time

HOUR = 3600
held, held_recursively = threading.Lock(), threading.RLock()
ready = threading.Condition()
reading, writing = os.pipe()
server = socket.create_server(("127.0.0.1", 0))


def lock():
    held.acquire()  # SITE(lock)


def lock_timed():
    held.acquire(timeout=HOUR)  # SITE(lock_timed)


def rlock():
    held_recursively.acquire()  # SITE(rlock)


def condition():
    with ready:
        ready.wait()  # SITE(condition)


def condition_timed():
    with ready:
        ready.wait(HOUR)  # SITE(condition_timed)


def event():
    threading.Event().wait()  # SITE(event)


def semaphore():
    threading.Semaphore(0).acquire()  # SITE(semaphore)


def barrier():
    threading.Barrier(2).wait()  # SITE(barrier)


def get():
    queue.Queue().get()  # SITE(get)


def put():
    full = queue.Queue(1)
    full.put(1)
    full.put(2)  # SITE(put)


def simple_get():
    queue.SimpleQueue().get()  # SITE(simple_get)


def future():
    concurrent.futures.Future().result()  # SITE(future)


def sleep():
    time.sleep(HOUR)  # SITE(sleep)


def sit():
    threading.Event().wait()


def join():
    joined = threading.Thread(target=sit, daemon=True)
    joined.start()
    joined.join()  # SITE(join)


def read():
    os.read(reading, 1)  # SITE(read)


def accept():
    server.accept()  # SITE(accept)


def child():
    subprocess.Popen(["cat"], stdin=reading).wait()  # SITE(child)


def spin():
    while True:
        pass  # SITE(spin)


def calls_of_others():
    """The system call that each other thread sleeps in, and how often it came to a halt; None while one is awake."""
    calls = []
    for tid in set(os.listdir("/proc/self/task")) - {str(threading.get_native_id())}:
        status = open(f"/proc/self/task/{tid}/status").read()
        if "State:\tS" not in status:
            return None
        halts = [line for line in status.splitlines() if "ctxt_switches" in line]
        calls.append((tid, open(f"/proc/self/task/{tid}/syscall").read().split()[0], halts))
    return calls


def await_sleep(threads):
    """Until all others sleep, slept on between two looks, and the last of them waits for its child."""
    wait4 = "61"
    while True:
        first = calls_of_others()
        time.sleep(0.001)
        if first and first == calls_of_others() and len(first) > threads and wait4 in [call[1] for call in first]:
            return


held.acquire()
held_recursively.acquire()
operations = [lock, lock_timed, rlock, condition, condition_timed, event, semaphore, barrier, get, put]
operations += [simple_get, future, sleep, join, read, accept, child]
for operation in operations:
    threading.Thread(target=operation, daemon=True).start()
await_sleep(len(operations))
threading.Thread(target=spin, daemon=True).start()
print("started", flush=True)
ctypes.PyDLL(None).pause()  # with the interpreter's own lock
