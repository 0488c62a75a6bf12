# SPDX-License-Identifier: Apache-2.0
"""README.md names tests that exist, and has a row for every pitfall and hazard."""
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`([A-Z]\w+)\.([A-Z]\w+)(?:/\w+)?`")
IN_SOURCES = re.compile(r"\bTEST(?:_[PF])?\((\w+), (\w+)\)")
NUMBERS = re.compile(r"^\| ((?:H?\d+\. )+)", re.MULTILINE)
WANTED = {str(number) for number in range(1, 78)} | {f"H{number}" for number in range(1, 25)}
IN_CMAKE = re.compile(r"add_test\(NAME (\w+)\.(\w+)")


def tests_of(pattern, name):
    return {match for path in TESTS.rglob(name) for match in pattern.findall(path.read_text())}


def main():
    text = (TESTS / "pitfalls" / "README.md").read_text()
    named = set(NAMED.findall(text))
    numbers = {number.rstrip(".") for row in NUMBERS.findall(text) for number in row.split()}
    existing = tests_of(IN_SOURCES, "*_test.cpp") | tests_of(IN_CMAKE, "CMakeLists.txt")
    missing = [f"there is no test {'.'.join(name)}" for name in sorted(named - existing)]
    missing += [f"there is no row {number}" for number in sorted(WANTED - numbers)]
    print(f"{len(named)} tests are named", *missing, sep="\n")
    return 1 if missing or not named else 0


sys.exit(main())
