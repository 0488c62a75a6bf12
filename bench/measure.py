# SPDX-License-Identifier: Apache-2.0
"""What a call costs: every benchmark in every way of running it, interleaved, as ratios to nothing at all.

A round runs each way once, in an order of its own, each time in a new process. The ratio is that of the
minima over the rounds, and that of the medians; the spread is what lies between the quartiles of the
way's own times, as a share of their median. Times are nanoseconds of an iteration: of processor time where
no thread waits, of the time that passes elsewhere."""
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys

PINNED = {0} if os.cpu_count() == 1 else {1}
BARE = "nothing"
# What others do with the machine counts in the time that passes, not in the threads' own; these wait for each other.
WAITS = re.compile("contended|ping_pong|create_and_join")


class Way:
    """Of running a benchmark: what stands before the program, what the program is, what is preloaded."""

    def __init__(self, name, preload=None, before=(), suffix="", rounds=None, min_time=None, only=None):
        self.name, self.preload, self.before, self.suffix = name, preload, list(before), suffix
        self.rounds, self.min_time, self.only = rounds, min_time, only


def find_tsan():
    found = subprocess.run(["gcc", "-print-file-name=libtsan.so"], capture_output=True, text=True).stdout.strip()
    return os.path.realpath(found) if os.path.isabs(found) else None


def ways(build, folder):
    # What the checkers run is their own scheduler: a few calls by each of them tell as much as many.
    few = r"at_depth/(5|15|30)/real_time$|through_fresh_stacks/15/real_time$|rwlock_read|semaphore_pair|create_and_join"
    result = [
        Way(BARE),
        Way("pass-through", preload=f"{build}/bench/libpass_through.so"),
        Way("loiter", preload=f"{build}/lib/loiter/libloiter.so"),
        Way("TSan built in", suffix="_tsan", rounds=3, min_time=0.01),
    ]
    result.append(Way("unw_backtrace", preload=f"{build}/bench/libbacktraces.so", rounds=5,
                      only=r"at_depth/(5|15|30)/real_time$|through_fresh_stacks/15/real_time$"))
    if (library := find_tsan()) is not None:
        result.append(Way("TSan preloaded", preload=library, rounds=3, min_time=0.01))
    if (valgrind := shutil.which("valgrind")) is not None:
        for tool in ("helgrind", "drd"):
            result.append(Way(tool, before=[valgrind, f"--tool={tool}", "-q", f"--log-file={folder}/{tool}.log"],
                              rounds=2, min_time=0.05, only=few))
    return result


def run(way, program, pattern, min_time, pinned, folder):
    environment = dict(os.environ, LOITER_DIR=folder, LOITER_OPTIONS="report=none",
                       TSAN_OPTIONS="report_bugs=0:detect_deadlocks=0")
    if way.preload is not None:
        environment["LD_PRELOAD"] = way.preload
    command = [*way.before, program, f"--benchmark_filter={pattern}", "--benchmark_format=json",
               f"--benchmark_min_time={way.min_time or min_time}"]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600,
                              preexec_fn=(lambda: os.sched_setaffinity(0, PINNED)) if pinned else None)
    except subprocess.TimeoutExpired:
        return {}
    text = done.stdout[done.stdout.find("{"):]  # Google Benchmark's context may come with a warning
    try:
        return {one["name"]: one["real_time" if WAITS.search(one["name"]) else "cpu_time"]
                for one in json.loads(text)["benchmarks"] if "cpu_time" in one}
    except (json.JSONDecodeError, KeyError):
        print(f"{way.name}: {os.path.basename(program)} gave no result: {done.stderr[-300:]}", file=sys.stderr)
        return {}


def measure(build, folder, programs, rounds, min_time, chosen=None):
    """{(program, benchmark): {way: [time of each round]}}"""
    times = {}
    for round_number in range(rounds):
        order = [way for way in ways(build, folder) if (chosen is None or way.name in chosen)
                 and round_number < (way.rounds or rounds)]
        random.shuffle(order)
        for way in order:
            for program, pattern, pinned in programs:
                path = f"{build}/bench/bench_{program}{way.suffix}"
                if not os.path.exists(path) or (way.only is not None and program.endswith("_fp")):
                    continue
                # The checkers run what stands in both lists.
                if way.only is not None:
                    listed = subprocess.run([path, "--benchmark_list_tests", f"--benchmark_filter={pattern}"],
                                            capture_output=True, text=True).stdout.split()
                    listed = [name for name in listed if re.search(way.only, name)]
                    if not listed:
                        continue
                    wanted = "|".join(f"^{name}$" for name in listed)
                else:
                    wanted = pattern
                for name, time in run(way, path, wanted, min_time, pinned, folder).items():
                    times.setdefault((program, name), {}).setdefault(way.name, []).append(time)
        print(f"round {round_number + 1} of {rounds}", file=sys.stderr)
    return times


def spread(values):
    if len(values) < 4:
        return float("nan")
    quartiles = statistics.quantiles(values, n=4)
    return (quartiles[2] - quartiles[0]) / statistics.median(values)


def readable(program, name):
    name = name.removesuffix("/real_time").removesuffix("/manual_time").replace("/real_time/threads:", "/threads ")
    return name.replace("_", " ").replace("/", ", ", 1) + (", frame pointers" if program.endswith("_fp") else "")


def print_table(times):
    names = [way for way in dict.fromkeys(way for by_way in times.values() for way in by_way) if way != BARE]
    order = ["pass-through", "loiter", "unw_backtrace", "TSan built in", "TSan preloaded", "helgrind", "drd"]
    names.sort(key=lambda name: order.index(name) if name in order else len(order))
    print("| work | nothing, ns | loiter, ns | loiter by minimum | by median | spread of nothing, loiter | "
          + " | ".join(name for name in names if name != "loiter") + " |")
    print("|---" * (6 + len([name for name in names if name != "loiter"])) + "|")
    for (program, name), by_way in times.items():
        bare = by_way.get(BARE)
        if not bare:
            continue
        row = [readable(program, name), f"{min(bare):.1f}"]
        ours = by_way.get("loiter")
        if ours:
            row += [f"{min(ours):.1f}", f"**{min(ours) / min(bare):.2f}**",
                    f"{statistics.median(ours) / statistics.median(bare):.2f}",
                    f"{spread(bare):.0%}, {spread(ours):.0%}"]
        else:
            row += ["", "", "", ""]
        for way in names:
            if way == "loiter":
                continue
            row.append(f"{min(by_way[way]) / min(bare):.2f}" if way in by_way else "")
        print("| " + " | ".join(row) + " |")


def main():
    build, folder = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 11
    programs = [
        ("recorded_stacks", "time$", True),
        ("recorded_stacks_fp", "at_depth.*time$|fresh_stacks/15.*time$", True),
        ("recorded_stacks", "threads:2", False),
        # On one processor: how soon another one wakes is up to whoever else is on the machine.
        ("primitives", "rwlock_read|semaphore_pair|ping_pong|create_and_join", True),
        ("primitives", "contended", False),
        ("io_calls", "read_from_ready_pipe", True),
    ]
    print_table(measure(build, folder, programs, rounds, 0.02))


main()
