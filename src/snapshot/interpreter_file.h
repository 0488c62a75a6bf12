// SPDX-License-Identifier: Apache-2.0
//
// Which files are an interpreter: whoever reads its memory and whoever judges its frames go by one rule.
#pragma once

#include <string_view>

namespace snapshot {

/// "/usr/bin/python3.11", "libpython3.12.so.1.0": what the file of a Python interpreter is called.
bool is_python_interpreter(std::string_view path);

}  // namespace snapshot
