# SPDX-License-Identifier: Apache-2.0
"""scripts/check_exports sees what it is there to see: small libraries, each with one fault."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_exports"
PROMISED = ["-Wl,-z,now,-z,nodelete,-z,initfirst", "-Wl,-z,ibt,-z,shstk"]
SOURCE = """
static __thread char slot[8] __attribute__((tls_model("initial-exec")));
int first(void) { return slot[(long)&slot % 8]++; }
int second_new(void) { return 1; }
int second_old(void) { return 2; }
__asm__(".symver second_new,second@@GLIBC_2.3.2");
__asm__(".symver second_old,second@GLIBC_2.2.5");
"""
TABLE = 'INTERPOSED(first)  // a comment\nINTERPOSED_VERSIONED(second, new, "GLIBC_2.3.2")\n' \
        'INTERPOSED_VERSIONED(second, old, "GLIBC_2.2.5")\n'
EXPORTS = "GLIBC_2.2.5 { local: second_new; second_old; };\nGLIBC_2.3.2 { };\n"


class CheckExports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def check(self, source=SOURCE, table=TABLE, options=PROMISED):
        (self.folder / "library.c").write_text(source)
        (self.folder / "exports.map").write_text(EXPORTS)
        (self.folder / "table.inc").write_text(table)
        library = self.folder / "library.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, self.folder / "library.c",
                        f"-Wl,--version-script={self.folder / 'exports.map'}", *options], check=True)
        run = subprocess.run([sys.executable, CHECK, library, self.folder / "table.inc"],
                             capture_output=True, text=True, check=False)
        lines = [line.removeprefix(f"{library}: ") for line in run.stdout.splitlines()[:-1]]
        return run.returncode, lines

    def test_a_library_like_its_table_is_clean(self):
        self.assertEqual(self.check(), (0, []))

    def test_a_row_for_what_programs_call(self):
        third = SOURCE + "int third(void) { return 3; }\n"
        self.assertEqual(self.check(source=third, table=TABLE + "API(third)\n"), (0, []))
        self.assertEqual(self.check(table=TABLE + "API(third)\n"), (1, ["third: row of the table, but not exported"]))

    def test_a_row_without_an_export(self):
        self.assertEqual(self.check(table=TABLE + "INTERPOSED_STUB(third)\n"),
                         (1, ["third: row of the table, but not exported"]))

    def test_an_export_without_a_row(self):
        self.assertEqual(self.check(source=SOURCE + "int third(void) { return 3; }\n"),
                         (1, ["third: exported, but no row of the table"]))

    def test_a_version_that_is_not_the_tables(self):
        table = TABLE.replace('"GLIBC_2.2.5"', '"GLIBC_2.34"')
        self.assertEqual(self.check(table=table),
                         (1, ["second: the table says GLIBC_2.34, exported is GLIBC_2.2.5, GLIBC_2.3.2"]))

    def test_a_library_that_may_be_unloaded(self):
        self.assertEqual(self.check(options=["-Wl,-z,now,-z,initfirst", *PROMISED[1:]]), (1, ["is not NODELETE: link with -z nodelete"]))

    def test_a_library_without_the_marks_of_control_flow_protection(self):
        says = "which switches it off for the process: link with -z"
        self.assertEqual(self.check(options=PROMISED[:1]),
                         (1, [f"has no mark IBT, {says} ibt", f"has no mark SHSTK, {says} shstk"]))

    def test_a_library_that_calls_what_allocates_or_prints(self):
        third = SOURCE + "#include <stdio.h>\n#include <stdlib.h>\nvoid third(void) { fputs(malloc(1), stdout); }\n"
        self.assertEqual(self.check(source=third, table=TABLE + "API(third)\n"),
                         (1, ["calls fputs, which no wrapper may", "calls malloc, which no wrapper may"]))

    def test_an_object_with_a_destructor(self):
        source = SOURCE + "extern int __cxa_atexit(void (*)(void *), void *, void *);\n" \
                          "__attribute__((constructor)) static void load(void) { __cxa_atexit(0, 0, 0); }\n"
        self.assertEqual(self.check(source=source), (1, ["calls __cxa_atexit, which no wrapper may"]))

    def test_a_static_that_is_made_when_it_is_first_called(self):
        source = SOURCE + "void __cxa_guard_release(long *guard) { *guard = 1; }\n" \
                          "__attribute__((constructor)) static void load(void) {\n" \
                          "  long guard;\n  __cxa_guard_release(&guard);\n}\n"
        self.assertEqual(self.check(source=source, table=TABLE + "INTERPOSED(__cxa_guard_release)\n"),
                         (1, ["has a static in a function that is made when it is first called, under a lock"]))

    def test_a_library_with_a_function_chosen_at_load(self):
        third = SOURCE + """
            static int one(void) { return 1; }
            static void* choose(void) { return one; }
            static int chosen(void) __attribute__((ifunc("choose")));
            int third(void) { return chosen(); }
        """
        self.assertEqual(self.check(source=third, table=TABLE + "API(third)\n"),
                         (1, ["has functions that are chosen while it is loaded, before there is an environment"]))

    def test_a_library_that_needs_more_than_libc(self):
        self.assertEqual(self.check(options=[*PROMISED, "-Wl,--no-as-needed", "-lm"]),
                         (1, ["needs libm.so.6: only libc may be needed"]))

    def test_a_library_that_takes_much_static_tls(self):
        self.assertEqual(self.check(source=SOURCE.replace("slot[8]", "slot[4096]")), (1, ["4096 bytes of TLS: at most 64"]))

    def test_tls_that_is_found_by_a_call(self):
        self.assertEqual(self.check(source=SOURCE.replace("initial-exec", "global-dynamic")),
                         (1, ["has TLS that is not initial-exec: a first access could allocate"]))

    def test_a_call_into_the_cxx_library(self):
        source = SOURCE + "extern void _ZdlPv(void*);\nint first_of(void) __attribute__((visibility(\"hidden\")));\n" \
                          "int first_of(void) { _ZdlPv(0); return 0; }\n"
        self.assertEqual(self.check(source=source), (1, ["imports _ZdlPv: of the C++ library or the unwinder"]))


if __name__ == "__main__":
    unittest.main()
