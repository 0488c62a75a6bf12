#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs other people's test suites under `loiter gate` and lists every finding that would fail it, to be looked at:
a false alarm is a thread that was not there, or not so.

  gate.py [--loiter FILE] [--work FOLDER] SUITE...     cpython[:MODULE[:TEST]], pytest:FOLDER, clean[:RUNS], command:WORDS

Ends with 1 where the gate found something."""
import argparse
import collections
import json
import pathlib
import shlex
import subprocess
import sys

FOLDER = pathlib.Path(__file__).resolve().parent
BUILD = FOLDER.parent.parent / "build" / "release"
PYTHON = "/usr/bin/python3.11"  # Debian's, whichever comes first
MODULES = ("test_threading", "test_concurrent_futures")
SECONDS = 1500


class Tally:
    def __init__(self):
        self.runs = self.processes = self.threads = 0
        self.statuses = collections.Counter()
        self.findings = collections.Counter()

    def add(self, status, reports):
        self.runs += 1
        self.statuses[status] += 1
        for report in reports:
            self.processes += 1
            self.threads += report["counts"]["created_total"]
            for finding in report["findings"]:
                if finding["suppressed_by"] is None:
                    self.findings[describe(report, finding)] += 1


def describe(report, finding):
    """One line that tells equal findings of many processes from others."""
    words = " ".join(report["process"]["command"])
    threads = [thread for thread in report["threads"] if thread["id"] in finding["threads"]]
    stacks = " | ".join(sorted({" < ".join(frame["function"] or "?" for frame in thread["stack"][:6])
                                for thread in threads}))
    script = words if len(words) < 200 else words[:200] + "..."
    return f"{finding['verdict']} ({report['process']['end']}): {finding['message']}\n    {stacks}\n    in {script!r}"


def commands_of(name):
    suite, _, rest = name.partition(":")
    if suite == "cpython":
        for module in [rest.partition(":")[0]] if rest else MODULES:
            test = rest.partition(":")[2]
            yield [PYTHON, "-m", "test", "--timeout", "300", *(["-m", test] if test else []), module]
    elif suite == "pytest":
        yield [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", rest]
    elif suite == "clean":
        for seed in range(1, int(rest or 200) + 1):
            yield [str(BUILD / "tests" / "coming_and_going"), str(seed)]
    elif suite == "command":
        yield shlex.split(rest)
    else:
        sys.exit(f"gate.py: there is no suite {suite}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--loiter", default=str(BUILD / "bin" / "loiter"))
    parser.add_argument("--work", default=str(BUILD.parent / "conformance" / "gate"))
    parser.add_argument("suites", nargs="+", metavar="SUITE")
    arguments = parser.parse_args()
    work = pathlib.Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)
    found = False
    for name in arguments.suites:
        tally = Tally()
        for number, command in enumerate(commands_of(name)):
            reports = work / f"{number}.json"
            with open(work / f"{number}.output", "wb") as output:
                done = subprocess.run([arguments.loiter, "gate", "--format", f"json={reports}", "--", *command],
                                      cwd=work, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                      timeout=SECONDS, check=False)
            with open(reports, encoding="utf-8") as lines:
                tally.add(done.returncode, map(json.loads, lines))
        found = found or bool(tally.findings)
        print(f"{name}: {tally.runs} runs, {tally.processes} processes, {tally.threads} threads, "
              f"{sum(tally.findings.values())} findings; status " +
              ", ".join(f"{status}: {count}" for status, count in sorted(tally.statuses.items())), flush=True)
        for finding, count in tally.findings.most_common():
            print(f"  {count} times {finding}", flush=True)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
