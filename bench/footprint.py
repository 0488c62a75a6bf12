# SPDX-License-Identifier: Apache-2.0
"""What is neither a call nor a report: a start, a thread's memory, a stack's, and the library itself."""
import os
import random
import re
import statistics
import subprocess
import sys
import time

build, folder = sys.argv[1:3]
library = f"{build}/lib/loiter/libloiter.so"


def environment(observed):
    added = {"LD_PRELOAD": library, "LOITER_OPTIONS": "report=none"} if observed else {}
    return dict(os.environ, **added)


def measure_starts(rounds=300):
    taken = {False: [], True: []}
    for _ in range(rounds):
        for observed in random.sample([False, True], 2):
            start = time.perf_counter()
            subprocess.run(["/bin/true"], env=environment(observed), check=True)
            taken[observed].append(time.perf_counter() - start)
    added = [statistics.median(taken[True]) - statistics.median(taken[False]), min(taken[True]) - min(taken[False])]
    print(f"| start of /bin/true | + {added[0] * 1000:.2f} ms by median, + {added[1] * 1000:.2f} ms by minimum |")


def memory_of(threads, stacks, observed):
    """What the process has of memory to itself, in bytes, its share of the recording included."""
    target = subprocess.Popen([f"{build}/bench/bench_footprint", str(threads), str(stacks)], stdout=subprocess.PIPE,
                              text=True, env=environment(observed))
    try:
        target.stdout.readline()
        with open(f"/proc/{target.pid}/smaps_rollup") as file:
            return int(re.search(r"^Pss:\s+(\d+) kB", file.read(), re.M).group(1)) * 1024
    finally:
        target.kill()
        target.wait()


def measure_memory():
    def added(threads, stacks):
        return memory_of(threads, stacks, True) - memory_of(threads, stacks, False)

    one = added(1, 1)
    print(f"| memory of a process with one more thread | {one / 1024:.0f} KiB |")
    for threads in (10, 1000, 10_000):
        print(f"| for each of {threads} threads | {(added(threads, 1) - one) / (threads - 1) / 1024:.1f} KiB |")
    for stacks in (100, 1000):
        print(f"| for each of {stacks} distinct stacks, 15 deep | {(added(1, stacks) - one) / (stacks - 1):.0f} bytes |")


def measure_first_sight(runs=15):
    """Of a stack in which two pcs are new: less what the same takes bare."""
    def least(observed):
        taken = [subprocess.run([f"{build}/bench/bench_first_sight"], env=environment(observed), check=True,
                                capture_output=True, text=True).stdout.split() for _ in range(runs)]
        return [min(int(times[i]) for times in taken) for i in range(3)]

    first, second, tenth = (seen - plain for seen, plain in zip(least(True), least(False)))
    print(f"| a lock in a stack with two pcs never seen | + {first} ns, then + {second} ns, at last + {tenth} ns |")


def measure_library():
    sections = subprocess.run(["size", "-A", library], capture_output=True, text=True, check=True).stdout
    sizes = {name: int(size) for name, size in re.findall(r"^(\.\S+)\s+(\d+)", sections, re.M)}
    relocations = subprocess.run(["readelf", "-rW", library], capture_output=True, text=True, check=True).stdout
    count = sum(int(number) for number in re.findall(r"contains (\d+) entr", relocations))
    loaded = sum(sizes.get(name, 0) for name in (".text", ".rodata", ".eh_frame", ".data", ".data.rel.ro", ".bss"))
    print(f"| library: code | {sizes.get('.text', 0) / 1024:.0f} KiB |")
    print(f"| all that is mapped of it | {loaded / 1024:.0f} KiB |")
    print(f"| relocations | {count} |")


print("| what | price |")
print("|---|---|")
measure_starts()
measure_memory()
measure_first_sight()
measure_library()
