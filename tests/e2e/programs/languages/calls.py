# SPDX-License-Identifier: Apache-2.0
"""Threads that never rest: each calls down a chain of functions that only call the next, and up again."""
import threading
import time


def bottom(ends):
    if ends % 3 == 0:
        time.sleep(0)
    return ends


def third(ends):
    return bottom(ends) + 1


def second(ends):
    return sum(third(one) for one in (ends, ends + 1))


def first(ends):
    return second(ends) + 1


def run():
    ends = 0
    while True:
        ends = first(ends) % 1000


for _ in range(3):
    threading.Thread(target=run, daemon=True).start()
print("ready", flush=True)
threading.Event().wait()
