# SPDX-License-Identifier: Apache-2.0
"""Well-known programs at work: one unit a script of tests/conformance/programs, which checks what the program
answers and how it ends, says `ok NAME` or `not ok NAME` of each check, and names the packages that it needs."""
import os
import re

from comparison import Result
from observation import run

VERSION_OF = "libc6"
MUST_PASS_PLAIN = True  # these checks are our own: one that fails is wrong, or its program is not there

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs")
SHORT = ("git_gc", "memcached", "pbzip2", "redis")  # of small packages
SECONDS = 300
PACKAGES = re.compile(r"^# packages: (.+)$", re.MULTILINE)
LINE = re.compile(r"^(ok|not ok) (.+)$")


def units(short):
    every = sorted(file.removesuffix(".sh") for file in os.listdir(FOLDER) if file.endswith(".sh"))
    return [name for name in every if name in SHORT] if short else every


def packages(short):
    for name in units(short):
        with open(os.path.join(FOLDER, f"{name}.sh")) as script:
            yield from PACKAGES.search(script.read()).group(1).split()


def run_unit(name, mode, folder, only):
    del only
    ended = run(mode, ["bash", os.path.join(FOLDER, f"{name}.sh")], folder, SECONDS)
    results = {"exit status": Result.PASSED if ended.status == 0 else Result.FAILED}
    for line in ended.output.splitlines():
        if match := LINE.match(line):
            results[match.group(2)] = Result.PASSED if match.group(1) == "ok" else Result.FAILED
    return results
