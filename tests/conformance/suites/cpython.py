# SPDX-License-Identifier: Apache-2.0
"""CPython's own tests of threads, signals, processes and streams, one unit a module."""
import os
import xml.etree.ElementTree

from comparison import Result
from observation import run

VERSION_OF = "libpython3.11-testsuite"

SHORT = ("test_concurrent_futures", "test_subprocess", "test_threading", "test_signal", "test_queue",
         "test_threadsignals", "test_fork1", "test_wait4", "test_thread")
LONG = ("test_faulthandler", "test_io", "test_asyncio",
        "test_multiprocessing_main_handling", "test_multiprocessing_fork", "test_multiprocessing_forkserver",
        "test_multiprocessing_spawn")
# What the short selection leaves out of them: what hangs on how fast the machine is, or takes long.
NOT_SHORT = ("*timeout*", "*timed*", "*ItimerTest*", "*StressTest*", "*WaitTest*", "*Forkserver*", "*Spawn*",
             "*siginterrupt_off")
SECONDS = 1200


def packages(short):
    del short
    return ("python3.11", "libpython3.11-testsuite")


def units(short):
    return SHORT if short else SHORT + LONG


def run_unit(module, mode, folder, only):
    report = os.path.join(folder, "results.xml")
    if os.path.exists(report):
        os.remove(report)
    # By its path: the suite is of Debian's interpreter, whichever comes first.
    command = ["/usr/bin/python3.11", "-m", "test", "--junit-xml", report,
               "--timeout", str(mode.bound(SECONDS) - 10)]  # then it tells where its threads are
    for pattern in NOT_SHORT if mode.short else ():
        command += ["-i", pattern]
    for test in only or ():
        command += ["-m", test]
    run(mode, command + [module], folder, SECONDS)
    # A module that dies or hangs leaves no report: then none of its tests has passed.
    return results_in(report) if os.path.exists(report) else {}


def results_in(report):
    results = {}
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = case.get("name")
        if case.find("skipped") is not None or case.get("result") == "skipped":
            result = Result.SKIPPED
        elif any(case.find(kind) is not None for kind in ("failure", "error")):
            result = Result.FAILED
        else:
            result = Result.PASSED
        # A test of that name may have run in more than one shape: it has passed if all have.
        if results.get(name, Result.PASSED) is Result.PASSED:
            results[name] = result
    return results
