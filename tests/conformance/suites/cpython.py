# SPDX-License-Identifier: Apache-2.0
"""CPython's own tests of threads, signals, processes and streams, one unit a module."""
import os
import xml.etree.ElementTree

from comparison import Result
from observation import run

VERSION_OF = "libpython3.11-testsuite"

SHORT = ("test_thread", "test_threading", "test_threadsignals", "test_queue", "test_fork1", "test_wait4")
LONG = ("test_faulthandler", "test_signal", "test_subprocess", "test_io", "test_asyncio", "test_concurrent_futures",
        "test_multiprocessing_main_handling", "test_multiprocessing_fork", "test_multiprocessing_forkserver",
        "test_multiprocessing_spawn")
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
    command = ["/usr/bin/python3.11", "-m", "test", "--junit-xml", report, "--timeout", "300"]
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
