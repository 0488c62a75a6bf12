# SPDX-License-Identifier: Apache-2.0
"""Manual pages and completions, as the command writes them: pages without a complaint of man or mandoc, completions
driven in the shells themselves, and both with every option that the help has.

  manuals_test.py LOITER
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

LOITER = sys.argv[1]
FORMATS = {"text", "json", "junit", "sarif", "github", "gitlab", "folded", "pprof", "dot"}
BASH = r"""
source "$1"; shift
COMP_WORDBREAKS=$' \t\n"\'><=;|&(:'
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=${#COMP_LINE}
_loiter
printf '%s\n' "${COMPREPLY[@]}"
"""


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def must(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def options_in_help(command):
    """Names of options, as the help of `command` lists them; None: that of all."""
    text = must(LOITER, "help", *([command] if command else []))
    found = re.findall(r"^  (-[-\w]+)(?:,(-[-\w]+))?", text, re.MULTILINE)
    return {name for names in found for name in names if name}


COMMANDS = re.findall(r"^  (\w+) ", must(LOITER, "help").split("Commands:")[1], re.MULTILINE)


class Pages(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.pages = {}
        for command in [None, *COMMANDS]:
            file = pathlib.Path(cls.folder.name) / (f"loiter-{command}.1" if command else "loiter.1")
            file.write_text(must(LOITER, "help", "--man", *([command] if command else [])), encoding="utf-8")
            cls.pages[command] = str(file)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_man_has_no_warnings(self):
        for _, file in self.pages.items():
            done = run("man", "--warnings=w", "-E", "UTF-8", "-l", file, env={**os.environ, "LC_ALL": "C.UTF-8"})
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    @unittest.skipUnless(shutil.which("mandoc"), "mandoc is not installed")
    def test_mandoc_finds_nothing_to_complain_of(self):
        for _, file in self.pages.items():
            # Pages that one of ours names are not installed here.
            complaints = [line for line in run("mandoc", "-Tlint", "-Wstyle", file).stdout.splitlines()
                          if "referenced manual not found" not in line]
            self.assertEqual(complaints, [])

    def test_every_option_of_the_help_is_described(self):
        for command, file in self.pages.items():
            text = must("man", "-l", file, env={**os.environ, "LC_ALL": "C", "MANWIDTH": "100"})
            section = text.split("\nOPTIONS\n")[1]
            described = set(re.findall(r"^ {7}(-[-\w]+)", section, re.MULTILINE)) | set(
                re.findall(r"^ {7}-\w, (--[-\w]+)", section, re.MULTILINE))
            self.assertEqual(described, options_in_help(command), file)

    def test_the_page_of_all_names_the_page_of_each_command(self):
        page = must(LOITER, "help", "--man")
        for command in COMMANDS:
            self.assertIn(f".BR loiter\\-{command} (1)", page)

    def test_exit_statuses_are_those_of_the_help(self):
        for command, status in (("gate", "86"), ("gate", "125"), ("run", "124"), ("dump", "125"), ("doctor", "0")):
            self.assertIn(f".TP\n\\fB{status}\\fR\n", must(LOITER, "help", "--man", command))
            self.assertRegex(must(LOITER, "help", command), rf"(?m)^  {status} +\S")


class Bash(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        cls.script = str(root / "loiter")
        pathlib.Path(cls.script).write_text(must(LOITER, "help", "--completion", "bash"), encoding="utf-8")
        (root / "here").mkdir()
        (root / "here" / "report.xml").touch()
        (root / "here" / "records").mkdir()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def replies(self, line):
        """What is offered at the end of `line`, whose words bash would break at '=' and ':'."""
        words = [part for word in line.split(" ") for part in (re.findall(r"[=:]|[^=:]+", word) or [""])]
        done = run("bash", "--norc", "-c", BASH, "bash", self.script, *words, cwd=f"{self.folder.name}/here")
        self.assertEqual((done.returncode, done.stderr), (0, ""), line)
        return set(done.stdout.split("\n")) - {""}

    def test_commands_come_first(self):
        self.assertEqual(self.replies("loiter "), set(COMMANDS))
        self.assertEqual(self.replies("loiter d"), {"dump", "diff", "doctor"})
        self.assertEqual(self.replies("loiter help d"), {"dump", "diff", "doctor"})

    def test_every_option_of_the_help_is_offered_and_no_other(self):
        self.assertEqual(self.replies("loiter -"), options_in_help(None))
        for command in COMMANDS:
            self.assertEqual(self.replies(f"loiter {command} -"), options_in_help(command), command)

    def test_values_of_one_word(self):
        self.assertEqual(self.replies("loiter run --color "), {"auto", "always", "never"})
        self.assertEqual(self.replies("loiter run --color a"), {"auto", "always"})
        self.assertEqual(self.replies("loiter run --color="), {"auto", "always", "never"})
        self.assertEqual(self.replies("loiter gate --timeout 5s --children "), {"yes", "no"})
        self.assertEqual(self.replies("loiter dump --group f"), {"functions"})
        self.assertEqual(self.replies("loiter help --completion "), {"bash", "zsh", "fish"})

    def test_formats_with_their_files(self):
        self.assertEqual(self.replies("loiter gate --format "), FORMATS)
        self.assertEqual(self.replies("loiter gate --format=j"), {"json", "junit"})
        self.assertEqual(self.replies("loiter ps --format "), {"text", "json"})
        self.assertEqual(self.replies("loiter gate --format junit=rep"), {"report.xml"})
        self.assertEqual(self.replies("loiter gate --format=junit=rep"), {"report.xml"})

    def test_lists_of_verdicts(self):
        self.assertIn("deadlock", self.replies("loiter gate --fail-on "))
        self.assertEqual(self.replies("loiter gate --fail-on deadlock,un"), {"deadlock,unjoined"})

    def test_files_and_folders(self):
        self.assertEqual(self.replies("loiter run -o "), {"report.xml", "records"})
        self.assertEqual(self.replies("loiter run --dir "), {"records"})
        self.assertEqual(self.replies("loiter report rep"), {"report.xml"})
        self.assertEqual(self.replies("loiter diff report.xml rec"), {"records"})

    def test_processes(self):
        self.assertIn(str(os.getpid()), self.replies("loiter dump "))
        self.assertIn(str(os.getpid()), self.replies("loiter report "))
        self.assertIn(str(os.getpid()), self.replies(f"loiter dump --all {os.getpid()}"))

    def test_the_program_and_what_is_its_own(self):
        self.assertIn("python3", self.replies("loiter run python"))
        self.assertIn("python3", self.replies("loiter gate --timeout 5s -- python"))
        self.assertIn("python3", self.replies("loiter doctor python"))
        self.assertEqual(self.replies("loiter run cat rep"), {"report.xml"})
        self.assertEqual(self.replies("loiter run cat --form"), set())
        self.assertEqual(self.replies("loiter run -- cat rep"), {"report.xml"})
        self.assertEqual(self.replies("loiter ps 1"), set())

    def test_a_program_completes_its_own_arguments_where_it_can(self):
        rules = "_command_offset() { COMPREPLY=(\"offset=$1\"); }\n"
        script = pathlib.Path(self.folder.name) / "with-offset"
        script.write_text(rules + pathlib.Path(self.script).read_text(encoding="utf-8"), encoding="utf-8")
        done = run("bash", "--norc", "-c", BASH, "bash", str(script), *"loiter run --color = never git che".split())
        self.assertEqual(done.stdout, "offset=5\n")


@unittest.skipUnless(shutil.which("fish"), "fish is not installed")
class Fish(unittest.TestCase):
    def replies(self, line):
        script = must(LOITER, "help", "--completion", "fish")
        with tempfile.TemporaryDirectory() as home:
            done = run("fish", "--no-config", "-c", f"{script}\ncomplete -C '{line}'", cwd=home,
                       env={**os.environ, "HOME": home, "LC_ALL": "C.UTF-8"})
        self.assertEqual((done.returncode, done.stderr), (0, ""), line)
        return {reply.split("\t")[0] for reply in done.stdout.splitlines()}

    def test_commands_and_options(self):
        self.assertEqual(self.replies("loiter "), set(COMMANDS))
        for command in COMMANDS:
            self.assertEqual(options_in_help(command) - self.replies(f"loiter {command} -"), set(), command)
        self.assertNotIn("--all", self.replies("loiter run cat -"))

    def test_values(self):
        self.assertEqual(self.replies("loiter gate --format "), FORMATS)
        self.assertEqual(self.replies("loiter ps --format="), {"--format=text", "--format=json"})
        self.assertEqual(self.replies("loiter gate --color a"), {"auto", "always"})
        self.assertEqual(self.replies("loiter gate --fail-on deadlock,un"), {"deadlock,unjoined"})
        self.assertIn(str(os.getpid()), self.replies("loiter dump "))
        self.assertIn("python3", self.replies("loiter run python"))


@unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
class Zsh(unittest.TestCase):
    # What is offered, caught where zsh would add it to its list.
    CATCH = r"""
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PROMPT=; unsetopt zle_bracketed_paste beep; setopt list_rows_first; LISTMAX=10000; stty columns 1000 rows 1000'
zpty -w shell 'autoload -Uz compinit; compinit -u -d $HOME/dump; source $HOME/_loiter'
zpty -w shell 'compadd() { if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)* ]]; then builtin compadd "$@"; return; fi
    local -a hits; builtin compadd -A hits "$@"; print -rl -- offered:${^hits} >> $HOME/offered; builtin compadd "$@" }'
zpty -w shell 'done-with() { print end > $HOME/end; zle kill-whole-line; }; zle -N done-with; bindkey "^X^X" done-with; print ready > $HOME/ready'
until [[ -e $HOME/ready ]]; do zpty -r -t shell ignored; zselect -t 1; done
zpty -w -n shell "$1"$'\t\x18\x18'
until [[ -e $HOME/end ]]; do zpty -r -t shell ignored; zselect -t 1; done
zpty -d shell
cat $HOME/offered
"""

    def replies(self, line):
        with tempfile.TemporaryDirectory() as home:
            (pathlib.Path(home) / "_loiter").write_text(must(LOITER, "help", "--completion", "zsh"), encoding="utf-8")
            done = run("zsh", "-f", "-c", "zmodload zsh/zselect\n" + self.CATCH, "zsh", line, cwd=home,
                       env={**os.environ, "HOME": home, "TERM": "xterm"})
        self.assertEqual((done.returncode, done.stderr), (0, ""), line)
        return {reply.split(":", 1)[1] for reply in done.stdout.splitlines() if reply.startswith("offered:")}

    def test_commands_and_options(self):
        self.assertEqual(self.replies("loiter "), set(COMMANDS))
        for command in COMMANDS:
            offered = {name.rstrip("=") for name in self.replies(f"loiter {command} -")} - {"-"}  # that is zsh's own command
            self.assertEqual(offered, options_in_help(command), command)

    def test_values(self):
        self.assertEqual(self.replies("loiter gate --format "), FORMATS)
        self.assertEqual(self.replies("loiter gate --color a"), {"auto", "always"})
        self.assertIn(str(os.getpid()), self.replies("loiter dump "))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
