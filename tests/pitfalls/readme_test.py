# SPDX-License-Identifier: Apache-2.0
"""README.md names tests that exist."""
import pathlib
import re
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`([A-Z]\w+)\.([A-Z]\w+)(?:/\w+)?`")
IN_SOURCES = re.compile(r"\bTEST(?:_[PF])?\((\w+), (\w+)\)")
IN_CMAKE = re.compile(r"add_test\(NAME (\w+)\.(\w+)")


def tests_of(pattern, name):
    return {match for path in TESTS.rglob(name) for match in pattern.findall(path.read_text())}


def main():
    named = set(NAMED.findall((TESTS / "pitfalls" / "README.md").read_text()))
    existing = tests_of(IN_SOURCES, "*_test.cpp") | tests_of(IN_CMAKE, "CMakeLists.txt")
    missing = sorted(".".join(name) for name in named - existing)
    print(f"{len(named)} tests are named", *(f"there is no test {name}" for name in missing), sep="\n")
    return 1 if missing or not named else 0


sys.exit(main())
