// SPDX-License-Identifier: Apache-2.0
#include "snapshot/interpreter_file.h"

#include <gtest/gtest.h>

namespace snapshot {
namespace {

TEST(InterpreterFile, IsProgramOrLibraryOfPython) {
    for (const char* const path : {"/usr/bin/python3.11", "python3", "/opt/python", "/lib/libpython3.12.so.1.0"}) {
        EXPECT_TRUE(is_python_interpreter(path)) << path;
    }
    for (const char* const path : {"/usr/bin/python-config", "/opt/python3/bin/tool", "/lib/libc.so.6", ""}) {
        EXPECT_FALSE(is_python_interpreter(path)) << path;
    }
}

}  // namespace
}  // namespace snapshot
