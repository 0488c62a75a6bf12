# SPDX-License-Identifier: Apache-2.0
"""Compares, test by test, what a unit of a suite gives plain with what it gives observed."""
import collections
import dataclasses
import enum

REPEATS = 3    # of what passed plain and not observed, plain and observed
PATIENCE = 10  # so many at most, while it fails observed more often than plain
LOST = 3       # failures observed beyond those plain: what fails at random does so both ways


class Result(enum.Enum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclasses.dataclass
class Tally:
    """What one suite came to. A flaky test passed plain and failed observed, but about as often as plain when
    repeated."""

    tests: int = 0
    passed_plain: int = 0
    passed_observed: int = 0
    lost: list[str] = dataclasses.field(default_factory=list)
    flaky: list[str] = dataclasses.field(default_factory=list)


def not_passed(wanted, results):
    return [test for test in wanted if results.get(test) is not Result.PASSED]


def passed(results):
    return [test for test, result in results.items() if result is Result.PASSED]


def compare(run_plain, run_observed):
    """The results of both, and what passed plain only. The runs take the tests that matter (None: all)."""
    plain, observed = run_plain(None), run_observed(None)
    return plain, observed, not_passed(passed(plain), observed)


def count(unit, results, run_plain, run_observed, tally):
    """Adds what `compare` has found; what passed plain only is run again, alone, until it is known why."""
    plain, observed, missing = results
    tally.tests += len(plain)
    tally.passed_plain += len(passed(plain))
    tally.passed_observed += len(passed(observed))
    lost = repeat(missing, run_plain, run_observed)
    tally.lost += [f"{unit}: {test}" for test in missing if test in lost]
    tally.flaky += [f"{unit}: {test}" for test in missing if test not in lost]


def repeat(missing, run_plain, run_observed):
    """Those of `missing` that fail observed more often than plain, by LOST."""
    more = collections.Counter()  # failures observed without those plain
    lost, in_doubt = set(), list(missing)
    for done in range(1, PATIENCE + 1):
        if not in_doubt:
            break
        more.subtract(not_passed(in_doubt, run_plain(in_doubt)))
        more.update(not_passed(in_doubt, run_observed(in_doubt)))
        lost.update(test for test in in_doubt if more[test] >= LOST)
        in_doubt = [test for test in in_doubt if test not in lost and (done < REPEATS or more[test] > 0)]
    return lost
