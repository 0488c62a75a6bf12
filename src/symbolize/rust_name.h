// SPDX-License-Identifier: Apache-2.0
//
// Names of Rust's second mangling scheme, as people write them. Without crates' hashes, types of constants and
// whatever marks an instance, like what is read from debug information.
// https://doc.rust-lang.org/rustc/symbol-mangling/v0.html
#pragma once

#include <string>
#include <string_view>

namespace symbolize {

/// "_RNvNtCs1234_5bench3pay4LOCK" -> "bench::pay::LOCK". Empty: no such name, or a damaged or an endless one. Linear
/// in the length of what it gives, which is bounded.
std::string rust_name(std::string_view symbol);

}  // namespace symbolize
