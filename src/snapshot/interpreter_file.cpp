// SPDX-License-Identifier: Apache-2.0
#include "snapshot/interpreter_file.h"

#include <cctype>

namespace snapshot {

bool is_python_interpreter(std::string_view path) {
    std::string_view name = path.substr(path.rfind('/') + 1);
    if (name.starts_with("lib")) name.remove_prefix(3);
    if (!name.starts_with("python")) return false;
    name.remove_prefix(6);
    return name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0;
}

}  // namespace snapshot
