#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes variants of the gallery's programs: other names, thread counts, stack depths and lines.

generate.py --seed N --output FOLDER FILE...

What may change is marked in the sources:
  // SITE(key) name      `name` (a function or a lock) gets another name; tests find line and name here
  // VARY(low..high)     the number before the marker becomes another one of that range
  // WRAP(function)      wrappers are put here; later calls of `function` go through them
Blank and comment lines are inserted between statements. The same seed gives the same files.
"""
import argparse
import pathlib
import random
import re

FIRST_WORDS = "amber brisk cedar dusky early fallow gentle hollow ivory jagged keen lunar mellow narrow opal".split()
SECOND_WORDS = "anchor basin candle drawer engine falcon garden harbor island jacket kettle lantern meadow needle".split()
FILLERS = ["", "// Nothing to see on this line.", "// Another line, so that the next one is elsewhere.", ""]

SITE = re.compile(r"// SITE\(\w+\) (\S+)$", re.MULTILINE)
VARY = re.compile(r"(\d+)(;  // VARY\((\d+)\.\.(\d+)\))")
WRAP = re.compile(r"// WRAP\((\w+)\)$")


def replace_word(text, word, new_word):
    return re.sub(rf"\b{re.escape(word)}\b", new_word, text)


def rename(text, dice):
    """Every marked name of the program itself; the headers' names hold a class and stay."""
    names = sorted({name for name in SITE.findall(text) if "::" not in name and name != "main"})
    for name in names:
        while True:
            fresh = f"{dice.choice(FIRST_WORDS)}_{dice.choice(SECOND_WORDS)}"
            fresh = f"g_{fresh}" if name.startswith("g_") else fresh
            if fresh not in text:
                break
        text = replace_word(text, name, fresh)
    return text


def vary_counts(text, dice):
    def other(match):
        choices = [n for n in range(int(match[3]), int(match[4]) + 1) if n != int(match[1])]
        return f"{dice.choice(choices)}{match[2]}"

    return VARY.sub(other, text)


def signature(lines, function):
    """Return type, parameters and argument names of a function defined on one line."""
    pattern = re.compile(rf"^(.+?[ *&]){function}\((.*)\) \{{$")
    for line in lines:
        if match := pattern.match(line):
            parameters = match[2]
            arguments = [re.search(r"(\w+)$", part.strip())[1] for part in parameters.split(",") if part.strip()]
            return match[1].strip(), parameters, ", ".join(arguments)
    raise SystemExit(f"no definition of {function} on one line")


def wrapper(result, name, parameters, called, arguments, visible):
    """The empty assembly keeps the call from becoming a jump, which would lose the frame."""
    attribute = "[[gnu::noinline]] " if visible else ""
    if result == "void":
        body = [f"    {called}({arguments});", '    asm volatile("");']
    else:
        body = [f"    const auto result = {called}({arguments});", '    asm volatile("");', "    return result;"]
    return [f"{attribute}{result} {name}({parameters}) {{", *body, "}", ""]


def deepen(text, dice):
    lines = text.split("\n")
    done = []
    outermost = {}
    for line in lines:
        if match := WRAP.search(line):
            function = match[1]
            result, parameters, arguments = signature(lines, function)
            called = function
            for level in range(dice.randint(1, 5)):
                name = f"{function}_from_{level + 1}"
                done += [""] + wrapper(result, name, parameters, called, arguments, dice.random() < 0.7)[:-1]
                called = name
            outermost[function] = called
            continue
        code, comment, rest = line.partition("//")
        for function, name in outermost.items():
            code = replace_word(code, function, name)
        done.append(code + comment + rest)
    return "\n".join(done)


def shift_lines(text, dice):
    done = []
    for line in text.split("\n"):
        done.append(line)
        code = line.partition("//")[0].rstrip()
        if (not code or code[-1] in ";{}") and dice.random() < 0.3:
            done += dice.choices(FILLERS, k=dice.randint(1, 4))
    return "\n".join(done)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("files", type=pathlib.Path, nargs="+")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for file in arguments.files:
        dice = random.Random(f"{arguments.seed} {file.name}")
        text = file.read_text()
        for change in (rename, vary_counts, deepen, shift_lines):
            text = change(text, dice)
        (arguments.output / file.name).write_text(text)


if __name__ == "__main__":
    main()
