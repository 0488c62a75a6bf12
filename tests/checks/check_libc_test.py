# SPDX-License-Identifier: Apache-2.0
"""scripts/check_libc sees what it is there to see: a small libc, a table and a list, each with one fault."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_libc"
SOURCE = "".join(f"void {name}(void) {{}}\n" for name in ("pthread_mutex_lock", "sem_trywait", "mtx_lock", "getpid"))
TABLE = "INTERPOSED(pthread_mutex_lock)  // INTERPOSED(pthread_hidden)\nINTERPOSED_STUB(mtx_lock)\n"
LIST = "# a comment\n\nNever waits:\n    sem_trywait sem_of_another_libc\n"


class CheckLibc(unittest.TestCase):
    def check(self, source=SOURCE, table=TABLE, listing=LIST):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            libc = folder / "libc.so"
            subprocess.run(["gcc", "-shared", "-fPIC", "-x", "c", "-o", libc, "-"], input=source, text=True, check=True)
            (folder / "table.inc").write_text(table)
            (folder / "list.txt").write_text(listing)
            run = subprocess.run([sys.executable, CHECK, libc, folder / "table.inc", folder / "list.txt"],
                                 capture_output=True, text=True, check=False)
            return run.returncode, [line.replace(f"{folder}/", "") for line in run.stdout.splitlines()[:-1]]

    def test_a_libc_of_which_all_is_known(self):
        self.assertEqual(self.check(), (0, []))

    def test_a_function_that_is_new(self):
        self.assertEqual(self.check(source=SOURCE + "void cnd_wait_until(void) {}\n"),
                         (1, ["libc.so: cnd_wait_until: neither a row of table.inc nor listed in list.txt"]))

    def test_a_row_in_a_comment_is_none(self):
        self.assertEqual(self.check(source=SOURCE + "void pthread_hidden(void) {}\n"),
                         (1, ["libc.so: pthread_hidden: neither a row of table.inc nor listed in list.txt"]))

    def test_a_listed_function_that_has_become_a_row(self):
        self.assertEqual(self.check(table=TABLE + "INTERPOSED(sem_trywait)\n"),
                         (1, ["list.txt: sem_trywait: listed, but a row of table.inc"]))

    def test_a_name_without_a_reason(self):
        self.assertEqual(self.check(listing=LIST.replace("Never waits:\n", "")),
                         (1, ["list.txt:3: sem_trywait: no reason stands before it",
                              "list.txt:3: sem_of_another_libc: no reason stands before it"]))

    def test_a_reason_that_is_none(self):
        self.assertEqual(self.check(listing=LIST + "sem_wait\n"),
                         (1, ["list.txt:5: neither a reason, which ends in a colon, nor indented names"]))

    def test_a_name_that_is_listed_twice(self):
        self.assertEqual(self.check(listing=LIST + "    sem_trywait\n"), (1, ["list.txt:5: sem_trywait: listed twice"]))

    def test_a_library_that_is_no_libc(self):
        self.assertEqual(self.check(source="void getpid(void) {}\n"),
                         (1, ["libc.so: exports no function of threads or locks"]))


if __name__ == "__main__":
    unittest.main()
