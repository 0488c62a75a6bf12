#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs other people's test suites plain and with the library preloaded, and compares them test by test.

Ends with 1 when a test that passes plain does not pass observed; see scripts/conformance."""
import argparse
import datetime
import functools
import importlib
import os
import platform
import subprocess
import sys
import time

import comparison
from observation import Mode

FOLDER = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(FOLDER)), "build")
SUITES = sorted(file.removesuffix(".py") for file in os.listdir(os.path.join(FOLDER, "suites")) if file.endswith(".py"))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", default=os.path.join(BUILD, "release", "lib", "loiter", "libloiter.so"),
                        help="libloiter.so; default: of the release preset")
    parser.add_argument("--work", default=os.path.join(BUILD, "conformance"),
                        help="folder for what the tests write and print; default: build/conformance")
    parser.add_argument("--short", action="store_true", help="a selection that takes minutes")
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


def run_suite(name, suite, wanted, plain, observed, arguments):
    tally = comparison.Tally()
    for unit in wanted or suite.units(arguments.short):
        started = time.monotonic()

        def run(mode, only, unit=unit):
            folder = os.path.join(arguments.work, name, f"{unit}.{mode.name}")
            os.makedirs(folder, exist_ok=True)
            return suite.run_unit(unit, mode, folder, only)

        before = len(tally.lost)
        of_plain, of_observed = comparison.compare(unit, functools.partial(run, plain), functools.partial(run, observed),
                                                   tally)
        print(f"{name} {unit}: {len(comparison.passed(of_plain))} of {len(of_plain)} passed plain, "
              f"{len(comparison.passed(of_observed))} observed, {len(tally.lost) - before} lost, "
              f"{time.monotonic() - started:.0f} s", flush=True)
    return tally


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
    return shown.stdout or "?"


def results_page(tallies, suites, seconds, short):
    commit = subprocess.run(["git", "-C", FOLDER, "describe", "--always", "--dirty"], capture_output=True, text=True)
    versions = ", ".join(f"{package} {version_of(package)}" for package in
                         dict.fromkeys(suite.VERSION_OF for suite, _ in suites.values()))
    return f"""# Other people's test suites under the library

Written by `scripts/conformance{' --short' if short else ''} --results`. A test is lost when it passes plain and not observed, and fails
observed more often than plain in {comparison.REPEATS} repeats of both; otherwise it is flaky.

{datetime.date.today()}, commit {commit.stdout.strip()}, {seconds / 60:.0f} minutes on {os.cpu_count()} processors;
Linux {platform.release()}, {' '.join(platform.libc_ver())}; {versions}.

{table(tallies)}
"""


def main():
    arguments = parse_arguments()
    suites = chosen_suites(arguments.names)
    if arguments.packages:
        print(" ".join(dict.fromkeys(package for suite, _ in suites.values()
                                     for package in suite.packages(arguments.short))))
        return 0
    reports = os.path.join(os.path.abspath(arguments.work), "reports")
    os.makedirs(reports, exist_ok=True)
    plain, observed = Mode("plain", None, reports), Mode("observed", os.path.abspath(arguments.library), reports)
    for mode in (plain, observed):
        if not mode.is_in_force():
            sys.exit(f"scripts/conformance: {arguments.library} cannot be preloaded here")
    arguments.work = os.path.abspath(arguments.work)
    started = time.monotonic()
    tallies = {name: run_suite(name, suite, units, plain, observed, arguments)
               for name, (suite, units) in suites.items()}
    print()
    print(table(tallies))
    if arguments.results:
        with open(arguments.results, "w") as file:
            file.write(results_page(tallies, suites, time.monotonic() - started, arguments.short))
    lost = sum(len(tally.lost) for tally in tallies.values())
    print(f"scripts/conformance: {sum(tally.tests for tally in tallies.values())} tests, {lost} lost")
    return 1 if lost or not any(tally.passed_plain for tally in tallies.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
