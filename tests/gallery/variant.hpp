// SPDX-License-Identifier: Apache-2.0
//
// Which variant of a gallery program to run: its first argument.
#pragma once

#include <cstdio>
#include <string_view>

inline std::string_view variant_of(int argc, char** argv) {
    return argc > 1 ? argv[1] : "";
}

/// Exit status for a variant that the program does not have.
inline int no_such_variant() {
    std::fputs("this program has no such variant\n", stderr);
    return 2;
}
