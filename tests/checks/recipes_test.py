# SPDX-License-Identifier: Apache-2.0
"""The recipes of docs/ci.md and docs/testing.md, as they stand there: what is to be a file parses, and what is to be
run runs, on a project with a clean test and one that leaves a thread behind.

  recipes_test.py LOITER LIBRARY LEAKING_PROGRAM CTEST DOCS_FOLDER
"""
import configparser
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import yaml

LOITER, LIBRARY, LEAKING, CTEST, DOCS = map(os.path.abspath, sys.argv[1:6])
FINDINGS = 86
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| ([\w ]+) \| `([^`]+)`", re.MULTILINE)


def page(name):
    return (pathlib.Path(DOCS) / name).read_text(encoding="utf-8")


def blocks(heading, kind=None):
    """The fenced texts of docs/ci.md below a heading."""
    section = page("ci.md").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return [text for language, text in BLOCK.findall(section) if kind is None or language == kind]


def rows():
    """Commands of the table of test runners."""
    section = page("ci.md").split("\n## make, meson")[1].split("\n## ")[0]
    return dict(ROW.findall(section))


class Project(unittest.TestCase):
    """A folder with tests, and `loiter`, `ctest` and `run_tests` where recipes look for them."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.root = pathlib.Path(self.folder.name)
        (self.root / "bin").mkdir()
        (self.root / "build").mkdir()
        for name, target in (("loiter", LOITER), ("ctest", CTEST)):
            (self.root / "bin" / name).symlink_to(target)
        for folder in (self.root, self.root / "build"):
            (folder / "CTestTestfile.cmake").write_text(
                f'add_test(clean "/bin/true")\nadd_test(leaking "{LEAKING}" "exit" "0")\n', encoding="utf-8")
        (self.root / "run_tests").write_text(f"#!/bin/sh\n/bin/true && {LEAKING} exit 0\n", encoding="utf-8")
        (self.root / "run_tests").chmod(0o755)
        (self.root / "loiter.supp").write_text("# nothing yet\n", encoding="utf-8")

    def shell(self, command, **variables):
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(("LOITER_", "MAKE", "MFLAGS")) and name != "LD_PRELOAD"}
        environment["PATH"] = f"{self.root / 'bin'}:{os.environ['PATH']}"
        return subprocess.run(["sh", "-c", command], cwd=self.root, env={**environment, **variables}, timeout=90,
                              capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)

    def gate(self, command, status=FINDINGS, **variables):
        """A recipe's command: the leaking test alone is found."""
        done = self.shell(command, **variables)
        self.assertEqual(done.returncode, status, f"{command}\n{done.stdout}{done.stderr}")
        self.assertIn("blocked", done.stdout + done.stderr)
        return done

    def junit_failures(self, name):
        return list(xml.etree.ElementTree.parse(self.root / name).iter("failure"))


class Services(Project):
    def test_the_first_line(self):
        done = self.gate(blocks_before_headings()[0])
        self.assertIn("FAILED: 1 blocked thread", done.stderr)
        self.assertEqual(len(self.junit_failures("loiter.xml")), 1)

    def test_github_actions(self):
        (self.root / "summary.md").touch()
        text, = blocks("GitHub Actions", "yaml")
        test, upload = yaml.safe_load(text)
        done = self.gate(test["run"], GITHUB_STEP_SUMMARY=str(self.root / "summary.md"))
        self.assertEqual(len([line for line in done.stderr.splitlines() if line.startswith("::error")]), 1)
        self.assertIn("blocked", (self.root / "summary.md").read_text(encoding="utf-8"))
        sarif = json.loads((self.root / upload["with"]["sarif_file"]).read_text(encoding="utf-8"))
        self.assertEqual(len(sarif["runs"][0]["results"]), 1)
        self.assertEqual(upload["if"], "always()", "the findings are those of a step that failed")

    def test_gitlab(self):
        text, = blocks("GitLab", "yaml")
        job = yaml.safe_load(text)["test"]
        for command in job["script"]:
            self.gate(command)
        reports = job["artifacts"]["reports"]
        self.assertEqual(job["artifacts"]["when"], "always")
        self.assertEqual(len(self.junit_failures(reports["junit"])), 1)
        quality = json.loads((self.root / reports["codequality"]).read_text(encoding="utf-8"))
        self.assertEqual([entry["check_name"] for entry in quality], ["loiter.blocked"])

    def test_jenkins(self):
        text, = blocks("Jenkins", "groovy")
        self.assertEqual(text.count("{"), text.count("}"))
        self.gate(re.search(r"sh '([^']+)'", text).group(1))
        self.assertEqual(len(self.junit_failures(re.search(r"junit '([^']+)'", text).group(1))), 1)


class Runners(Project):
    def test_make(self):
        text = next(text for text in blocks("make, meson, Bazel, cargo, pytest") if text.startswith("check:"))
        (self.root / "Makefile").write_text(text, encoding="utf-8")
        done = self.gate("make check", status=2)
        self.assertIn(f"Error {FINDINGS}", done.stderr)

    @unittest.skipUnless(shutil.which("meson"), "meson is not installed")
    def test_meson(self):
        (self.root / "meson.build").write_text(
            f"project('bank', version: '1')\ntest('clean', find_program('/bin/true'))\n"
            f"test('leaking', find_program('{LEAKING}'), args: ['exit', '0'])\n", encoding="utf-8")
        self.assertEqual(self.shell("meson setup made").returncode, 0)
        done = self.gate(f"cd made && {rows()['meson']} --print-errorlogs", status=1)
        self.assertRegex(done.stdout, r"clean +OK")
        self.assertRegex(done.stdout, rf"leaking +FAIL .*exit status {FINDINGS}")

    @unittest.skipUnless(shutil.which("pytest"), "pytest is not installed")
    def test_pytest(self):
        (self.root / "test_bank.py").write_text(
            "import subprocess\n\ndef test_clean():\n    pass\n\ndef test_leaking():\n"
            f"    subprocess.run(['{LEAKING}', 'exit', '0'], check=True)\n", encoding="utf-8")
        done = self.gate(rows()["pytest"])
        self.assertIn("2 passed", done.stdout)

    @unittest.skipUnless(shutil.which("cargo"), "cargo is not installed")
    def test_cargo(self):
        (self.root / "src").mkdir()
        (self.root / "Cargo.toml").write_text('[package]\nname = "bank"\nversion = "0.1.0"\nedition = "2021"\n',
                                              encoding="utf-8")
        (self.root / "src" / "lib.rs").write_text(
            "#[test]\nfn clean() { std::thread::spawn(|| ()).join().unwrap(); }\n"
            "#[test]\n#[ignore]\nfn leaking() { std::thread::spawn(std::thread::park); }\n", encoding="utf-8")
        self.assertEqual(self.shell(rows()["cargo"]).returncode, 0)
        failed = self.shell(rows()["cargo"] + " -- --ignored")  # by which status is told otherwise by each version
        self.assertIn(f"exit status: {FINDINGS}", failed.stderr)
        self.assertIn("FAILED: 1 blocked thread", failed.stderr)
        self.assertNotEqual(failed.returncode, 0)

    def test_lines_for_other_runners_are_the_same_on_both_pages(self):
        # Of those that cannot be run here the gate's own options at least are right.
        bazel = re.search(r"--run_under='([^']+)'", rows()["Bazel"]).group(1)
        self.gate(f"{bazel} {LEAKING} exit 0")
        for line in re.findall(r"(?:--run_under=|--wrap=|RUNNER=)'(loiter gate[^']*)'", page("testing.md")):
            self.gate(f"{line} {LEAKING} exit 0")
        self.assertIn("loiter_gate_tests()", page("ci.md"))


class Preloaded(Project):
    """Services: the environment that a recipe gives them has them record, and be reported, where it says."""

    def setUp(self):
        super().setUp()
        self.recordings = self.root / "recordings"
        self.recordings.mkdir(mode=0o700)

    def local(self, value):
        """A value of a recipe, with the places of this machine."""
        for place, here in (("/usr/local/lib/loiter/libloiter.so", LIBRARY), ("/run/loiter", str(self.recordings)),
                            ("/var/log/NAME", str(self.root / "log"))):
            value = value.replace(place, here)
        return str(self.recordings) if value == "/loiter" else value

    def report_of_one_killed(self, environment):
        """A program with a stuck thread is started so, asked by signal, and killed; what can be read after."""
        variables = {name: self.local(value) for name, value in environment.items()}
        self.assertEqual(variables["LD_PRELOAD"], LIBRARY)
        service = subprocess.Popen([LEAKING, "hang"], env={**os.environ, **variables}, text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            self.assertEqual(service.stdout.readline(), "ready\n")
            dump = self.shell(f"loiter dump {service.pid}")
            self.assertIn("cond wait", dump.stdout, dump.stderr)
        finally:
            service.send_signal(signal.SIGKILL)
            _, errors = service.communicate(timeout=60)
        self.assertEqual(errors, "", "the library takes every option of the recipe")
        left = self.shell(f"loiter report {self.recordings}")
        self.assertEqual(left.returncode, 0, left.stderr)
        self.assertIn("cond wait", left.stdout)

    def test_systemd(self):
        text, = blocks("Services", "ini")
        unit = configparser.RawConfigParser(strict=False, allow_no_value=True)
        unit.optionxform = str
        unit.read_string(text)
        assignments = dict(line.removeprefix("Environment=").split("=", 1) for line in text.splitlines()
                           if line.startswith("Environment="))
        self.assertEqual(unit["Service"]["RuntimeDirectory"], assignments["LOITER_DIR"].removeprefix("/run/"))
        self.assertEqual(unit["Service"]["RuntimeDirectoryPreserve"], "yes", "else it goes with the service")
        self.report_of_one_killed(assignments)

    def test_docker(self):
        text = next(text for text in blocks("Services", "dockerfile") if "ENV" in text)
        instructions = [line.split(None, 1) for line in text.replace("\\\n", " ").splitlines()
                        if line and not line.startswith("#")]
        self.assertEqual({name for name, _ in instructions} - {"FROM", "RUN", "COPY", "ENV", "VOLUME"}, set())
        environment = dict(word.split("=", 1) for name, rest in instructions if name == "ENV"
                           for word in shlex.split(rest))
        volumes = [rest for name, rest in instructions if name == "VOLUME"]
        self.assertEqual(volumes, [environment["LOITER_DIR"]])
        stage = next(text for text in blocks_before_headings() if text.startswith("FROM"))
        for name, rest in instructions:
            if name == "COPY":
                self.assertIn(f" AS {rest.split()[0].removeprefix('--from=')}\n", stage)
        self.report_of_one_killed(environment)

    def test_kubernetes(self):
        text, = blocks("Services", "yaml")
        spec = yaml.safe_load(text)["spec"]
        service, reader = spec["containers"]
        self.assertEqual(service["volumeMounts"], reader["volumeMounts"])
        self.assertEqual({mount["name"] for mount in service["volumeMounts"]},
                         {volume["name"] for volume in spec["volumes"]})
        self.report_of_one_killed({each["name"]: each["value"] for each in service["env"]})


def blocks_before_headings():
    return [text for _, text in BLOCK.findall(page("ci.md").split("\n## ")[0])]


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
