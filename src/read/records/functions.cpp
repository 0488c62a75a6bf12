// SPDX-License-Identifier: Apache-2.0
#include "read/records/functions.h"

#include <iterator>
#include <string_view>

namespace reader {

namespace {

constexpr const char* kNames[] = {
#define INTERPOSED(name) #name,
#define INTERPOSED_VERSIONED(name, tag, version) #name,
#define INTERPOSED_VARIADIC(name) #name,
#define INTERPOSED_ALIAS(name) #name,
#define INTERPOSED_STUB(name) #name,
#include "protocol/interposed.inc"
#undef INTERPOSED
#undef INTERPOSED_VERSIONED
#undef INTERPOSED_VARIADIC
#undef INTERPOSED_ALIAS
#undef INTERPOSED_STUB
};

}  // namespace

std::string name_of_function(uint16_t row) {
    if (row == 0 || row > std::size(kNames)) return "";
    std::string_view name = kNames[row - 1];
    name.remove_prefix(name.find_first_not_of('_'));
    constexpr std::string_view kDialect = "isoc99_";
    if (name.starts_with(kDialect)) name.remove_prefix(kDialect.size());
    constexpr std::string_view kChecked = "_chk";
    if (name.ends_with(kChecked)) name.remove_suffix(kChecked.size());
    return std::string(name);
}

}  // namespace reader
