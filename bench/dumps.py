# SPDX-License-Identifier: Apache-2.0
"""How long a report of many threads takes and what it needs: `dump` of the living process, the first time
and with the names kept from the first, and `report` of what it left behind when it was killed."""
import os
import re
import shutil
import subprocess
import sys
import time

build, folder = sys.argv[1:3]
counts = [int(count) for count in sys.argv[3:]] or [10, 1000, 10_000]
library, loiter = f"{build}/lib/loiter/libloiter.so", f"{build}/bin/loiter"
cache = f"{folder}/cache"


def run(*command):
    """Wall and processor seconds, and mebibytes."""
    start = time.monotonic()
    process = subprocess.Popen([loiter, *command, "--format", "json", "-o", f"{folder}/report"],
                               env=dict(os.environ, XDG_CACHE_HOME=cache), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return time.monotonic() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def print_row(threads, what, *command, fresh):
    runs = []
    for _ in range(3):
        if fresh:
            shutil.rmtree(cache, ignore_errors=True)
            os.makedirs(cache)
        runs.append(run(*command))
    wall, processor, memory = (sorted(column)[1] for column in zip(*runs))
    print(f"| {threads} | {what} | {wall:.2f} | {processor:.2f} | {memory:.0f} |", flush=True)


print("| threads | report | wall, s | CPU, s | memory, MiB |")
print("|---|---|---|---|---|")
for count in counts:
    recordings = f"{folder}/recordings-{count}"
    os.makedirs(recordings)
    for kind in ("observed", "not observed"):
        added = {"LD_PRELOAD": library, "LOITER_DIR": recordings, "LOITER_OPTIONS": "report=none"}
        target = subprocess.Popen([f"{build}/bench/bench_many_threads", str(count)], stdout=subprocess.PIPE, text=True,
                                  env=dict(os.environ, **(added if kind == "observed" else {})))
        try:
            target.stdout.readline()
            print_row(count, f"dump, {kind}, first time", "dump", str(target.pid), fresh=True)
            print_row(count, f"dump, {kind}, names kept", "dump", str(target.pid), fresh=False)
        finally:
            target.kill()
            target.wait()
    if any(re.match(r"loiter-\d", name) for name in os.listdir(recordings)):
        print_row(count, "report after death", "report", recordings, fresh=False)
