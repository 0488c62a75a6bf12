#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of generate.py."""
import random
import unittest

import generate

SOURCE = """// SPDX-License-Identifier: Apache-2.0
#include <mutex>
constexpr int kThreads = 3;  // VARY(2..4)
std::mutex g_ledger;  // SITE(lock) g_ledger
int enter(Channel<int>* channel, int count) {
    channel->receive();  // SITE(block) enter
    return count;
}
// WRAP(enter)
void enter_twice() { enter(nullptr, 1); }
"""


class GenerateTest(unittest.TestCase):
    def test_marked_names_change_everywhere(self):
        text = generate.rename(SOURCE, random.Random(1))
        self.assertNotRegex(text, r"\benter\b")
        self.assertNotRegex(text, r"\bg_ledger\b")
        self.assertRegex(text, r"std::mutex (g_\w+);  // SITE\(lock\) \1\n")
        self.assertIn("enter_twice", text)

    def test_thread_counts_change_within_their_range(self):
        for seed in range(20):
            text = generate.vary_counts(SOURCE, random.Random(seed))
            self.assertRegex(text, r"kThreads = [24];  // VARY\(2\.\.4\)")

    def test_calls_after_the_mark_go_through_wrappers(self):
        text = generate.deepen(SOURCE, random.Random(3))
        self.assertRegex(text, r"int enter_from_1\(Channel<int>\* channel, int count\) \{\n"
                               r"    const auto result = enter\(channel, count\);\n")
        self.assertRegex(text, r"void enter_twice\(\) \{ enter_from_\d\(nullptr, 1\); \}")
        self.assertIn("// SITE(block) enter\n", text)

    def test_lines_move_and_keep_their_content(self):
        text = generate.shift_lines(SOURCE, random.Random(1))
        self.assertGreater(text.count("\n"), SOURCE.count("\n"))
        kept = [line for line in text.split("\n") if line and line not in generate.FILLERS]
        self.assertEqual(kept, SOURCE.rstrip("\n").split("\n"))


if __name__ == "__main__":
    unittest.main()
