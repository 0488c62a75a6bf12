# SPDX-License-Identifier: Apache-2.0
"""Compares, test by test, what a unit of a suite gives plain with what it gives observed."""
import collections
import dataclasses
import enum

REPEATS = 3


class Result(enum.Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclasses.dataclass
class Tally:
    """What one suite came to. A flaky test failed observed once, but no more often than plain when repeated."""

    tests: int = 0
    passed_plain: int = 0
    passed_observed: int = 0
    lost: list[str] = dataclasses.field(default_factory=list)
    flaky: list[str] = dataclasses.field(default_factory=list)


def not_passed(wanted, results):
    return [test for test in wanted if results.get(test) is not Result.PASSED]


def passed(results):
    return [test for test, result in results.items() if result is Result.PASSED]


def compare(unit, run_plain, run_observed, tally):
    """`run_plain` and `run_observed` take the tests that matter (None: all) and give Results by test."""
    plain = run_plain(None)
    observed = run_observed(None)
    tally.tests += len(plain)
    tally.passed_plain += len(passed(plain))
    missing = not_passed(passed(plain), observed)
    if missing:
        lost = repeat(missing, run_plain, run_observed)
        tally.lost += [f"{unit}: {test}" for test in lost]
        tally.flaky += [f"{unit}: {test}" for test in missing if test not in lost]
    tally.passed_observed += len(passed(observed))
    return plain, observed


def repeat(missing, run_plain, run_observed):
    """Those of `missing` that fail observed more often than plain."""
    failures = {run: collections.Counter() for run in (run_plain, run_observed)}
    for _ in range(REPEATS):
        for run, counted in failures.items():
            counted.update(not_passed(missing, run(missing)))
    return [test for test in missing if failures[run_observed][test] > failures[run_plain][test]]
