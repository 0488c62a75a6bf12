// SPDX-License-Identifier: Apache-2.0
//
// Symbols as linkers know them to names as people write them.
#pragma once

#include <string>
#include <string_view>

namespace symbolize {

/// "_ZN4Bank8transferEii" -> "Bank::transfer(int, int)". Versions ("@@GLIBC_2.34"), what compilers append to copies of
/// a function ("foo.part.0", "foo.cold") and Rust's hashes are removed. What is not mangled stays as it is.
std::string demangled(std::string_view symbol);

/// Whether `symbol` follows a mangling scheme and so carries scopes and parameters.
bool is_mangled(std::string_view symbol);

/// Rust's second mangling scheme; debug information tells functions' names better.
bool is_rust_v0(std::string_view symbol);

}  // namespace symbolize
