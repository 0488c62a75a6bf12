# SPDX-License-Identifier: Apache-2.0
"""Well-known programs at work: one unit a script of tests/conformance/programs, which checks what the program
answers and how it ends, and says `ok NAME` or `not ok NAME` of each check."""
import os
import re

from comparison import Result
from observation import run

PACKAGES = ("git", "pbzip2", "fio", "redis-tools", "memcached", "nginx-light", "curl", "default-jdk-headless",
            "nodejs", "rustc")
VERSION_OF = "libc6"

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "programs")
SHORT = ("git_gc", "memcached", "node_workers", "pbzip2", "redis")
SECONDS = 300
LINE = re.compile(r"^(ok|not ok) (.+)$")


def units(short):
    every = sorted(file.removesuffix(".sh") for file in os.listdir(FOLDER) if file.endswith(".sh"))
    return [name for name in every if name in SHORT] if short else every


def run_unit(name, mode, folder, only):
    del only
    ended = run(mode, ["bash", os.path.join(FOLDER, f"{name}.sh")], folder, SECONDS)
    results = {"exit status": Result.PASSED if ended.status == 0 else Result.FAILED}
    for line in ended.output.splitlines():
        if match := LINE.match(line):
            results[match.group(2)] = Result.PASSED if match.group(1) == "ok" else Result.FAILED
    return results
