# SPDX-License-Identifier: Apache-2.0
"""GLib's installed tests, one unit a program; what they print is TAP."""
import configparser
import glob
import os
import re
import shlex

from comparison import Result
from observation import run

VERSION_OF = "libglib2.0-tests"

TESTS = "/usr/share/installed-tests/glib"
SHORT = ("asyncqueue", "atomic", "cond", "mutex", "once", "rec-mutex", "rwlock", "thread", "thread-pool", "private",
         "mainloop", "spawn-singlethread", "spawn-multithreaded", "unix", "unix-fd", "unix-multithreaded",
         "task", "pollable", "socket", "gsubprocess", "cancellable")
SECONDS = 300
LINE = re.compile(r"^(not ok|ok) \d+ (.+?)(?: # (SKIP|TODO).*)?$")


def packages(short):
    del short
    return ("libglib2.0-tests", "dbus")


def units(short):
    # What measures for minutes checks nothing.
    every = sorted(os.path.basename(path).removesuffix(".test") for path in glob.glob(f"{TESTS}/*.test")
                   if "performance" not in path)
    return [name for name in every if name in SHORT] if short else every


def run_unit(name, mode, folder, only):
    del only  # a program runs for seconds at most
    file = configparser.ConfigParser(interpolation=None)
    file.read(f"{TESTS}/{name}.test")
    ended = run(mode, shlex.split(file["Test"]["Exec"]), folder, SECONDS)
    results = {"exit status": Result.PASSED if ended.status == 0 else Result.FAILED}
    for line in ended.output.splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        verdict, test, directive = match.groups()
        results[test] = (Result.SKIPPED if directive else Result.PASSED if verdict == "ok" else Result.FAILED)
    return results
