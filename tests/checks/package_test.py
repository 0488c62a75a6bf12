# SPDX-License-Identifier: Apache-2.0
"""The installed CMake package puts a project's tests under the gate: the sample under tests/samples/bank, configured,
built and run by CTest against an installed prefix.

  package_test.py CMAKE CTEST BUILD_FOLDER SAMPLE_FOLDER
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

CMAKE, CTEST, BUILD, SAMPLE = sys.argv[1:5]
LEAKING, HANGING = "Teller.IsLeftBehind", "Audit.HangsOnAnAccountThatStaysEmpty"


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, timeout=280, check=False, **options)


def must(*command):
    done = run(*command)
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        root = pathlib.Path(cls.folder.name)
        cls.prefix, cls.build = root / "prefix", root / "build"
        must(CMAKE, "--install", BUILD, "--prefix", str(cls.prefix))
        must(CMAKE, "-S", SAMPLE, "-B", str(cls.build), f"-DCMAKE_PREFIX_PATH={cls.prefix}", "-DCMAKE_BUILD_TYPE=Debug")
        must(CMAKE, "--build", str(cls.build))
        cls.ctest = run(CTEST, "--test-dir", str(cls.build), "-j2", "--output-junit", str(root / "results.xml"))
        suite = xml.etree.ElementTree.parse(root / "results.xml").getroot()
        cls.tests = {case.get("name"): case for case in suite.iter("testcase")}

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def output(self, test):
        return self.tests[test].findtext("system-out")

    def failed(self):
        return {name for name, case in self.tests.items() if case.get("status") == "fail"}

    def test_of_ten_tests_the_leaking_and_the_hanging_one_fail(self):
        self.assertEqual(len(self.tests), 10, self.ctest.stdout)
        self.assertEqual(self.failed(), {LEAKING, HANGING}, self.ctest.stdout)

    def test_the_leaked_thread_is_reported_with_the_test_that_created_it(self):
        output = self.output(LEAKING)
        self.assertIn(f"1 thread that {LEAKING} created is still there:", output)  # GoogleTest's failure
        self.assertIn(f"created in {LEAKING} by T1 at", output)                    # the gate's report
        self.assertIn("Account::await_balance", output)

    def test_the_hanging_test_is_reported_before_ctest_would_kill_it(self):
        output = self.output(HANGING)
        self.assertIn("FAILED:", output)
        self.assertIn("Account::await_balance", output)
        self.assertIn(f"created in {HANGING} by T1 at", output)
        self.assertNotIn("Timeout", self.ctest.stdout)

    def test_in_one_process_each_thread_belongs_to_its_test(self):
        done = run(self.prefix / "bin/loiter", "gate", "--format", "json", "--", self.build / "bank_test",
                   f"--gtest_filter=-{HANGING}", "--gtest_shuffle")
        report = next(json.loads(line) for line in done.stderr.splitlines() if line.startswith("{"))
        labels = [thread["label"] for thread in report["threads"] if thread["id"] != 1]
        self.assertEqual(labels, [LEAKING], done.stdout)
        self.assertEqual(done.returncode, 1, "the listener's failure is the program's own")
        self.assertIn(f"created in {LEAKING}", report["findings"][0]["message"])

    def gate(self, *options, filtered=f"-{HANGING}", **variables):
        """The tests in one process under the gate, in the folder of their source."""
        return run(self.prefix / "bin/loiter", "gate", *options, "--", self.build / "bank_test",
                   f"--gtest_filter={filtered}", cwd=SAMPLE, env={**os.environ, **variables})

    def test_junit_sarif_and_annotations_name_the_leaking_test(self):
        junit, sarif = self.build / "loiter.xml", self.build / "loiter.sarif"
        done = self.gate("--format", f"junit={junit}", "--format", f"sarif={sarif}", "--format", "github")

        failures = [failure.get("message") for failure in xml.etree.ElementTree.parse(junit).iter("failure")]
        results = json.loads(sarif.read_text())["runs"][0]["results"]
        annotations = [line for line in done.stderr.splitlines() if line.startswith("::")]
        for name, messages in (("JUnit", failures), ("SARIF", [result["message"]["text"] for result in results]),
                               ("annotations", annotations)):
            self.assertEqual(len(messages), 1, name)
            self.assertIn(f"created in {LEAKING}", messages[0], name)
        place = results[0]["locations"][0]["physicalLocation"]
        self.assertTrue(place["artifactLocation"]["uri"].endswith("bank_test.cpp"), place)
        lines = (pathlib.Path(SAMPLE) / "bank_test.cpp").read_text(encoding="utf-8").splitlines()
        waits = next(number for number, line in enumerate(lines, 1) if "changed_.wait(" in line)
        self.assertEqual(place["region"]["startLine"], waits)
        self.assertIn(f"line={waits}", annotations[0])

    def test_documents_of_the_hanging_test_are_there_when_the_gate_ends_it(self):
        junit, sarif = self.build / "hanging.xml", self.build / "hanging.sarif"
        done = self.gate("--timeout", "2s", "--format", f"junit={junit}", "--format", f"sarif={sarif}",
                         "--format", "github", filtered=HANGING)
        self.assertEqual(done.returncode, 86, done.stderr)
        results = json.loads(sarif.read_text())["runs"][0]["results"]
        annotations = [line for line in done.stderr.splitlines() if line.startswith("::error")]
        self.assertTrue(results)
        self.assertEqual(len(annotations), len(results), done.stderr)
        for result in results:
            self.assertIn("HangsOnAnAccountThatStaysEmpty", json.dumps(result))
            place = result["locations"][0]["physicalLocation"]
            self.assertTrue(place["artifactLocation"]["uri"].endswith("bank_test.cpp"), place)
            self.assertTrue([line for line in annotations if f"line={place['region']['startLine']}" in line], annotations)
        failure = next(xml.etree.ElementTree.parse(junit).iter("failure"))
        self.assertIn("Audit_HangsOnAnAccountThatStaysEmpty_Test::TestBody()", failure.get("message"))
        self.assertIn(f"created in {HANGING} by T1 at", failure.text)

    def ctest_of_the_leaking(self, options):
        """CTest's end and what each test wrote, with these options of the gate, whose verdict alone counts."""
        results = self.build / "accepted.xml"
        must(CMAKE, "-S", SAMPLE, "-B", str(self.build), f"-DBANK_GATE_OPTIONS={options}")
        try:
            must(CMAKE, "--build", str(self.build))
            done = run(CTEST, "--test-dir", str(self.build), "-R", "Teller", "--output-junit", str(results),
                       env={**os.environ, "BANK_GATE_ALONE": "1"})
        finally:
            must(CMAKE, "-S", SAMPLE, "-B", str(self.build), "-DBANK_GATE_OPTIONS=")
        suite = xml.etree.ElementTree.parse(results).getroot()
        return done, {case.get("name"): case.findtext("system-out") for case in suite.iter("testcase")}

    def test_suppressions_make_ctest_green_and_unused_entries_are_named(self):
        accepted = self.build / "bank.supp"
        accepted.write_text("# known\nverdict:blocked created_by:IsLeftBehind\nthread:nobody\n", encoding="utf-8")

        done, outputs = self.ctest_of_the_leaking(f"--suppressions;{accepted}")
        self.assertEqual(done.returncode, 0, outputs)
        self.assertIn("bank.supp:3: nothing was found that needs thread:nobody", outputs[LEAKING])
        self.assertNotIn("bank.supp:2", outputs[LEAKING])
        done, outputs = self.ctest_of_the_leaking("")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("FAILED: 1 blocked thread", outputs[LEAKING])

    def test_a_baseline_of_one_run_makes_ctest_green(self):
        baseline = str(self.build / "ctest.baseline")
        self.assertEqual(self.gate("--write-baseline", baseline, BANK_GATE_ALONE="1").returncode, 86)

        done, outputs = self.ctest_of_the_leaking(f"--baseline;{baseline}")
        self.assertEqual(done.returncode, 0, outputs)
        self.assertNotIn("FAILED", outputs[LEAKING])
        others = [output for name, output in outputs.items() if name != LEAKING]
        self.assertTrue(others)
        for output in others:
            self.assertIn(f"gone from {baseline}: 1 thread", output)

        pathlib.Path(baseline).write_text('{"schema": "loiter-baseline/1", "findings": []}', encoding="utf-8")
        done, outputs = self.ctest_of_the_leaking(f"--baseline;{baseline}")
        self.assertNotEqual(done.returncode, 0, "an empty baseline accepts nothing")
        self.assertIn("FAILED: 1 blocked thread", outputs[LEAKING])

    def test_a_baseline_accepts_what_there_was_and_names_what_is_gone(self):
        baseline = str(self.build / "bank.baseline")
        alone = {"BANK_GATE_ALONE": "1"}
        self.assertEqual(self.gate("--write-baseline", baseline, **alone).returncode, 86)
        self.assertEqual(self.gate("--baseline", baseline, **alone).returncode, 0)
        gone = self.gate("--baseline", baseline, filtered="Account.*", **alone)
        self.assertEqual(gone.returncode, 0)
        self.assertIn(f"gone from {baseline}: 1 thread blocked in cond wait", gone.stderr)

    def test_without_the_library_the_listener_does_nothing(self):
        clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
        done = run(self.build / "bank_test", f"--gtest_filter=-{HANGING}", env=clean)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
