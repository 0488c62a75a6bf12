# SPDX-License-Identifier: Apache-2.0
"""rt-tests: priorities, priority-inheriting locks, timers and messages of threads and processes. One unit a
program; it has passed when it ends with 0."""
from comparison import Result
from observation import run

VERSION_OF = "rt-tests"

PROGRAMS = {
    "cyclictest": ["cyclictest", "-q", "-t", "4", "-l", "1000"],
    "hackbench-processes": ["hackbench", "-g", "4", "-l", "100"],
    "hackbench-threads": ["hackbench", "-T", "-g", "4", "-l", "100"],
    "pip_stress": ["pip_stress"],
    "pi_stress": ["pi_stress", "--duration=2", "--groups=1", "--quiet"],
    "pmqtest": ["pmqtest", "-q", "-l", "200"],
    "ptsematest": ["ptsematest", "-q", "-l", "200"],
    "rt-migrate-test": ["rt-migrate-test", "-q", "-l", "20"],
    "signaltest": ["signaltest", "-q", "-t", "4", "-l", "1000"],
    "sigwaittest": ["sigwaittest", "-q", "-l", "200"],
    "ssdd": ["ssdd", "2", "20"],
    "svsematest": ["svsematest", "-q", "-l", "200"],
}
SHORT = ("cyclictest", "hackbench-processes", "hackbench-threads", "ptsematest", "sigwaittest", "ssdd")
SECONDS = 120


def packages(short):
    del short
    return ("rt-tests",)


def units(short):
    return SHORT if short else tuple(PROGRAMS)


def run_unit(name, mode, folder, only):
    del only
    ended = run(mode, PROGRAMS[name], folder, SECONDS)
    return {name: Result.PASSED if ended.status == 0 else Result.FAILED}
