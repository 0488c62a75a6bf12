// SPDX-License-Identifier: Apache-2.0
//
// Demangled names of functions, taken apart.
#pragma once

#include <string>
#include <string_view>

namespace analyze {

/// From the qualified name on: without the return type, which demangled templates carry.
std::string_view without_return_type(std::string_view function);

/// "std::latch::wait" of "void std::latch::wait<int>() const": without return type, arguments of
/// templates and calls, and what follows them. Of Rust's "<Type<T> as Trait>::method": "Type::method".
std::string qualified_name(std::string_view function);

/// Without the suffixes that a compiler gives to parts and copies of a function: they depend on the
/// optimization, not on the source.
std::string without_clone_suffixes(std::string_view function);

}  // namespace analyze
