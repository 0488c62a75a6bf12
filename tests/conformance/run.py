#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs other people's test suites plain and with the library preloaded, and compares them test by test.

Ends with 1 when a test that passes plain does not pass observed; see scripts/conformance."""
import argparse
import concurrent.futures
import datetime
import functools
import importlib
import os
import platform
import shutil
import subprocess
import sys
import time

import comparison
from observation import Mode

FOLDER = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(FOLDER)), "build")
MISSING = 77  # what ctest takes for a test that is skipped
SUITES = sorted(file.removesuffix(".py") for file in os.listdir(os.path.join(FOLDER, "suites")) if file.endswith(".py"))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", default=os.path.join(BUILD, "release", "lib", "loiter", "libloiter.so"),
                        help="libloiter.so; default: of the release preset")
    parser.add_argument("--work", default=os.path.join(BUILD, "conformance"),
                        help="folder for what the tests write and print; default: build/conformance")
    parser.add_argument("--short", action="store_true", help="a selection that takes minutes")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="units at a time; default: 1")
    parser.add_argument("--results", help="write the table to this file, as Markdown")
    parser.add_argument("--packages", action="store_true", help="only print the Debian packages that are needed")
    parser.add_argument("names", nargs="*", metavar="SUITE[:UNIT]", help=f"of {', '.join(SUITES)}; default: all")
    return parser.parse_args()


def chosen_suites(names):
    """Of each suite the units that were asked for; none: all of them."""
    chosen = {}
    for name in names or SUITES:
        suite, _, unit = name.partition(":")
        if suite not in SUITES:
            sys.exit(f"scripts/conformance: there is no suite {suite}; there are: {', '.join(SUITES)}")
        chosen.setdefault(suite, []).extend([unit] if unit else [])
    return {name: (importlib.import_module(f"suites.{name}"), units) for name, units in chosen.items()}


def empty_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path, exist_ok=True)
    return path


class Unit:
    """One unit of a suite: what is run at once, and compared test by test."""

    def __init__(self, suite_name, suite, name, modes, work):
        self.suite_name, self.name = suite_name, name
        self.must_pass, self.not_passed = getattr(suite, "MUST_PASS_PLAIN", False), []
        for mode in modes:
            empty_folder(os.path.join(work, suite_name, f"{name}.{mode.name}"))
        self.plain, self.observed = (functools.partial(self.run, suite, mode, work) for mode in modes)

    def run(self, suite, mode, work, only):
        return suite.run_unit(self.name, mode, os.path.join(work, self.suite_name, f"{self.name}.{mode.name}"), only)

    def compare(self):
        started = time.monotonic()
        plain, observed, missing = results = comparison.compare(self.plain, self.observed)
        self.not_passed = comparison.not_passed(plain, plain)
        print(f"{self.suite_name} {self.name}: {len(comparison.passed(plain))} of {len(plain)} passed plain, "
              f"{len(comparison.passed(observed))} observed, {time.monotonic() - started:.0f} s"
              + (f", {len(missing)} to be repeated" if missing else ""), flush=True)
        return results

    def fails_plain(self):
        """Of what must pass: more than once. Asked when nothing else runs."""
        return self.must_pass and self.not_passed and comparison.not_passed(self.not_passed, self.plain(self.not_passed))


def run_units(units, jobs):
    """What each suite came to. Units may disturb each other: what has to be repeated is, one by one, afterwards."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(Unit.compare, units))
    tallies = {unit.suite_name: comparison.Tally() for unit in units}
    for unit, found in zip(units, results):
        comparison.count(unit.name, found, unit.plain, unit.observed, tallies[unit.suite_name])
    return tallies


def table(tallies):
    rows = [("suite", "tests", "passed plain", "passed observed", "flaky", "lost")]
    rows += [(name, tally.tests, tally.passed_plain, tally.passed_observed, len(tally.flaky), len(tally.lost))
             for name, tally in tallies.items()]
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows)]

    def line(cells):
        return "| " + " | ".join(str(cell).ljust(width) for cell, width in zip(cells, widths)) + " |"

    lines = [line(rows[0]), line(["-" * width for width in widths])] + [line(row) for row in rows[1:]]
    for kind in ("lost", "flaky"):
        tests = [f"- {name} {test}" for name, tally in tallies.items() for test in getattr(tally, kind)]
        if tests:
            lines += ["", f"{kind.capitalize()}:", ""] + tests
    return "\n".join(lines)


def version_of(package):
    shown = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", package], capture_output=True, text=True)
    return shown.stdout


def results_page(tallies, suites, seconds, short):
    commit = subprocess.run(["git", "-C", FOLDER, "describe", "--always", "--dirty"], capture_output=True, text=True)
    versions = ", ".join(f"{package} {version_of(package)}" for package in
                         dict.fromkeys(suite.VERSION_OF for suite, _ in suites.values()))
    return f"""# Other people's test suites under the library

Written by `scripts/conformance{' --short' if short else ''} --results`. A test is lost when it passes plain and not
observed, and then fails observed {comparison.LOST} times more than plain in at most {comparison.PATIENCE} repeats of both;
otherwise it is flaky.

{datetime.date.today()}, commit {commit.stdout.strip()}, {seconds / 60:.0f} minutes on {os.cpu_count()} processors;
Linux {platform.release()}, {' '.join(platform.libc_ver())}; {versions}.

{table(tallies)}
"""


def main():
    arguments = parse_arguments()
    suites = chosen_suites(arguments.names)
    needed = dict.fromkeys(package for suite, _ in suites.values() for package in suite.packages(arguments.short))
    if arguments.packages:
        print(" ".join(needed))
        return 0
    missing = [package for package in needed if not version_of(package)]
    if missing:
        print(f"scripts/conformance: these packages are missing, which it would install: {' '.join(missing)}",
              file=sys.stderr)
        return MISSING
    work = os.path.abspath(arguments.work)
    reports = empty_folder(os.path.join(work, "reports"))
    modes = [Mode(name, library, reports, arguments.short)
             for name, library in (("plain", None), ("observed", os.path.abspath(arguments.library)))]
    for mode in modes:
        if not mode.is_in_force():
            sys.exit(f"scripts/conformance: {arguments.library} cannot be preloaded here")
    started = time.monotonic()
    units = [Unit(name, suite, unit, modes, work) for name, (suite, wanted) in suites.items()
             for unit in wanted or suite.units(arguments.short)]
    tallies = run_units(units, arguments.jobs)
    print()
    print(table(tallies))
    if arguments.results:
        with open(arguments.results, "w") as file:
            file.write(results_page(tallies, suites, time.monotonic() - started, arguments.short))
    lost = sum(len(tally.lost) for tally in tallies.values())
    print(f"scripts/conformance: {sum(tally.tests for tally in tallies.values())} tests, {lost} lost")
    # What does not pass plain was not compared.
    untested = [f"{unit.suite_name} {unit.name}: {test}" for unit in units for test in unit.fails_plain() or ()]
    untested += [name for name, tally in tallies.items() if not tally.passed_plain]
    if untested:
        print(f"scripts/conformance: should pass plain, and does not: {', '.join(untested)}")
    return 1 if lost or untested or not tallies else 0


if __name__ == "__main__":
    sys.exit(main())
