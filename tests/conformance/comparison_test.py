# SPDX-License-Identifier: Apache-2.0
"""What is lost, what is flaky, and what is neither."""
import unittest

from comparison import LOST, PATIENCE, REPEATS, Result, Tally, compare, count


def runs(*results):
    """A runner that gives these results of one test, one after the other; the last one for ever."""
    left = list(results)

    def run(only):
        del only
        result = left.pop(0) if len(left) > 1 else left[0]
        return {} if result is None else {"test": result}

    return run


def tally_of(plain, observed):
    tally = Tally()
    count("unit", compare(plain, observed), plain, observed, tally)
    return tally


PASSED, FAILED = Result.PASSED, Result.FAILED


class Comparison(unittest.TestCase):
    def test_a_test_that_passes_both_ways_is_neither(self):
        self.assertEqual(tally_of(runs(PASSED), runs(PASSED)), Tally(1, 1, 1))

    def test_a_test_that_fails_plain_is_not_ours_to_lose(self):
        for result in (Result.FAILED, Result.SKIPPED):
            self.assertEqual(tally_of(runs(result), runs(Result.FAILED)), Tally(1, 0, 0))

    def test_a_test_that_fails_skips_or_is_missing_observed_is_lost(self):
        for result in (Result.FAILED, Result.SKIPPED, None):
            self.assertEqual(tally_of(runs(Result.PASSED), runs(result)), Tally(1, 1, 0, lost=["unit: test"]))

    def test_a_test_that_fails_again_and_again_among_passes_is_lost(self):
        observed = runs(FAILED, *[PASSED, FAILED] * LOST, PASSED)
        self.assertEqual(tally_of(runs(PASSED), observed).lost, ["unit: test"])

    def test_a_test_that_failed_by_chance_twice_is_flaky(self):
        observed = runs(FAILED, PASSED, FAILED, PASSED)
        self.assertEqual(tally_of(runs(PASSED), observed).flaky, ["unit: test"])

    def test_a_test_that_does_not_fail_again_is_flaky_and_run_no_more(self):
        observed = runs(FAILED, *[PASSED] * REPEATS, *[FAILED] * PATIENCE)
        self.assertEqual(tally_of(runs(PASSED), observed).flaky, ["unit: test"])

    def test_a_test_that_fails_as_often_plain_is_flaky(self):
        plain = runs(PASSED, *[FAILED] * REPEATS)
        self.assertEqual(tally_of(plain, runs(FAILED)).flaky, ["unit: test"])


if __name__ == "__main__":
    unittest.main()
