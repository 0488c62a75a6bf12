# SPDX-License-Identifier: Apache-2.0
"""scripts/check_rooms sees what it is there to see: each test plants one breach in a clean small tree."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

CHECK = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "check_rooms"
LICENCE = "// SPDX-License-Identifier: Apache-2.0\n"


class CheckRooms(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("CMakeLists.txt", "")
        self.write("protocol/layout.h", "#include <atomic>\n#include <cstdint>\n")
        self.write("preload/mutex.cpp", '#include <pthread.h>\n#include "protocol/layout.h"\n')
        self.write("src/snapshot/snapshot.h", "#include <vector>\n")
        self.write("src/read/read.cpp", '#include <fcntl.h>\n#include "protocol/layout.h"\n#include "snapshot/snapshot.h"\n')
        self.write("src/analyze/finding.h", '#include "snapshot/snapshot.h"\n')
        self.write("src/render/text.cpp", '#include <fmt/core.h>\n#include "analyze/finding.h"\n')
        self.write("src/options.h", "#include <string>\n")
        self.write("src/main.cpp", '#include <CLI/CLI.hpp>\n#include "analyze/finding.h"\n#include "options.h"\n')

    def write(self, path, text, licence=LICENCE):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(licence + text)

    def check(self):
        run = subprocess.run([sys.executable, CHECK, self.root], capture_output=True, text=True, check=False)
        return run.returncode, run.stdout.splitlines()[:-1]

    def assert_breach(self, path, text, message):
        self.write(path, text)
        self.assertEqual(self.check(), (1, [message]))

    def test_a_tree_within_the_table_is_clean(self):
        self.assertEqual(self.check(), (0, []))

    def test_an_empty_tree_is_no_success(self):
        with tempfile.TemporaryDirectory() as empty:
            run = subprocess.run([sys.executable, CHECK, empty], capture_output=True, check=False)
        self.assertEqual(run.returncode, 1)

    def test_the_preload_library_sees_no_room_of_the_reader(self):
        self.assert_breach("preload/mutex.cpp", '#include "snapshot/snapshot.h"\n',
                           'preload/mutex.cpp:2: preload may not include snapshot ("snapshot/snapshot.h")')

    def test_the_preload_library_sees_no_heap_container(self):
        self.assert_breach("preload/mutex.cpp", "#include <string>\n",
                           "preload/mutex.cpp:2: preload may not include <string>: it allocates or needs the C++ library")

    def test_the_protocol_sees_nothing_of_the_system(self):
        self.assert_breach("protocol/layout.h", "#include <unistd.h>\n",
                           "protocol/layout.h:2: protocol may not include headers of the system (<unistd.h>)")

    def test_analysis_sees_no_system(self):
        self.assert_breach("src/analyze/finding.h", "#include <sys/types.h>\n",
                           "src/analyze/finding.h:2: analyze may not include headers of the system (<sys/types.h>)")

    def test_only_one_room_of_the_reader_sees_the_protocol(self):
        self.assert_breach("src/main.cpp", '#include "protocol/layout.h"\n',
                           'src/main.cpp:2: src may not include protocol ("protocol/layout.h")')

    def test_a_library_belongs_to_its_room(self):
        self.assert_breach("src/read/read.cpp", "#include <elfutils/libdw.h>\n",
                           "src/read/read.cpp:2: read may not include libdw (<elfutils/libdw.h>)")

    def test_includes_are_rooted(self):
        self.assert_breach("src/render/text.cpp", '#include "../analyze/finding.h"\n',
                           'src/render/text.cpp:2: includes are rooted, never "../": ../analyze/finding.h')
        self.assert_breach("src/render/text.cpp", '#include "text.h"\n',
                           'src/render/text.cpp:2: "text.h" is not rooted: no such file from the top or from src/')

    def test_a_room_must_be_in_the_table(self):
        self.assert_breach("src/helpers/helpers.h", "", "src/helpers/helpers.h:1: src/helpers is no room of the include table")

    def test_every_file_carries_the_licence(self):
        self.write("tests/a_test.cpp", "int a;\n", licence="")
        self.assertEqual(self.check(), (1, ["tests/a_test.cpp:1: the first line must hold the licence: "
                                            "SPDX-License-Identifier: Apache-2.0"]))

    def test_files_are_split_in_time(self):
        self.assert_breach("src/read/read.cpp", "int a();\n" * 500,
                           "src/read/read.cpp:501: 501 lines: split a file before it passes 500")


if __name__ == "__main__":
    unittest.main()
