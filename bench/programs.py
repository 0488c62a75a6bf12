# SPDX-License-Identifier: Apache-2.0
"""Whole programs, bare and observed in turns: processor time (user and system) of the observed process, of
one piece of work that is always the same. Wall time tells nothing of small differences on a shared machine."""
import random
import statistics
import sys

from works import set_up, works

LIBRARY, FOLDER = sys.argv[1], sys.argv[2]
PAIRS = int(sys.argv[3]) if len(sys.argv) > 3 else 11


def main():
    set_up(LIBRARY, FOLDER)
    times = {name: ([], []) for name, _ in works()}
    for pair in range(PAIRS):
        for name, work in works():
            both = {}
            for observed in random.sample([False, True], 2):
                both[observed] = work(observed)
            times[name][0].append(both[False])
            times[name][1].append(both[True])
        print(f"pair {pair + 1} of {PAIRS}", file=sys.stderr)
    print("| program | bare, s | by minimum | by median | median of the pairs | quartiles of the pairs |")
    print("|---|---|---|---|---|---|")
    for name, (bare, observed) in times.items():
        pairs = [ours / nothing for nothing, ours in zip(bare, observed)]
        low, _, high = statistics.quantiles(pairs, n=4) if len(pairs) > 1 else (pairs[0],) * 3
        print(f"| {name} | {min(bare):.2f} | {min(observed) / min(bare):.3f} | "
              f"{statistics.median(observed) / statistics.median(bare):.3f} | {statistics.median(pairs):.3f} | "
              f"{low:.3f} – {high:.3f} |")


main()
