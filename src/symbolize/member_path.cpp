// SPDX-License-Identifier: Apache-2.0
#include "symbolize/member_path.h"

#include <dwarf.h>

#include <array>
#include <cstdio>
#include <optional>
#include <vector>

namespace symbolize {

namespace {

constexpr int kMaxMemberDepth = 32;
constexpr int kMaxMembers = 10'000;

struct Type {
    Dwarf_Die die;
    bool is_lock = false;       ///< of the language's or libc's own making
    bool is_anonymous = false;  ///< of a member without a name: its members are its owner's
};

uint64_t size_of(Dwarf_Die die) {
    Dwarf_Word size = 0;
    return dwarf_aggregate_size(&die, &size) == 0 ? size : 0;
}

bool is_record(int tag) {
    return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

bool is_libc_lock(const std::string& name) {
    return name.starts_with("pthread_") || name == "sem_t";
}

bool is_container(const std::string& name) {
    return name.starts_with("std::array<") || name.starts_with("std::pair<") || name.starts_with("std::tuple<");
}

bool is_standard_lock(const std::string& name) {
    return name.starts_with("std::") && !is_container(name);
}

/// The type of `die` without const, typedef and the like.
std::optional<Type> type_of(Dwarf_Die die, DieNames& names) {
    Type type;
    if (!referred(die, DW_AT_type, type.die)) return std::nullopt;
    for (int i = 0; i < kMaxMemberDepth; ++i) {
        const int tag = dwarf_tag(&type.die);
        if (tag == DW_TAG_typedef) type.is_lock |= is_libc_lock(name_attribute(type.die));
        if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type &&
            tag != DW_TAG_atomic_type) {
            type.is_lock |= is_record(tag) && is_standard_lock(names.type(type.die));
            return type;
        }
        if (!referred(type.die, DW_AT_type, type.die)) return std::nullopt;
    }
    return std::nullopt;
}

struct Member {
    uint64_t offset = 0;
    Dwarf_Die die;
    Type type;
};

std::optional<Member> member_at(Dwarf_Die record, uint64_t offset, DieNames& names) {
    Dwarf_Die child;
    if (dwarf_child(&record, &child) != 0) return std::nullopt;
    for (int i = 0; i < kMaxMembers; ++i) {
        const int tag = dwarf_tag(&child);
        Dwarf_Attribute attribute;
        Dwarf_Word at = 0;
        if (tag == DW_TAG_member || tag == DW_TAG_inheritance) {
            // No location: the first member of a union, or a static one, which is a variable of its own.
            const bool placed = dwarf_attr(&child, DW_AT_data_member_location, &attribute);
            const bool known = placed ? dwarf_formudata(&attribute, &at) == 0 : dwarf_tag(&record) == DW_TAG_union_type;
            const auto type = known && at <= offset ? type_of(child, names) : std::nullopt;
            if (type && offset - at < size_of(type->die)) return Member{at, child, *type};
        }
        if (dwarf_siblingof(&child, &child) != 0) break;
    }
    return std::nullopt;
}

/// "[1][2]" and what of `offset` is left within that element; empty: not a sound array.
std::optional<std::string> element_at(Dwarf_Die array, uint64_t element_size, uint64_t& offset) {
    std::vector<uint64_t> counts;
    Dwarf_Die child;
    if (element_size == 0 || dwarf_child(&array, &child) != 0) return std::nullopt;
    for (int i = 0; i < kMaxMemberDepth; ++i) {
        Dwarf_Attribute attribute;
        Dwarf_Word value = 0;
        if (dwarf_tag(&child) == DW_TAG_subrange_type) {
            if (dwarf_attr(&child, DW_AT_count, &attribute) && dwarf_formudata(&attribute, &value) == 0) {
                counts.push_back(value);
            } else if (dwarf_attr(&child, DW_AT_upper_bound, &attribute) && dwarf_formudata(&attribute, &value) == 0) {
                counts.push_back(value + 1);
            } else {
                return std::nullopt;
            }
        }
        if (dwarf_siblingof(&child, &child) != 0) break;
    }
    uint64_t index = offset / element_size;
    std::string text;
    for (size_t i = counts.size(); i-- > 1;) {
        if (counts[i] == 0) return std::nullopt;
        text.insert(0, "[" + std::to_string(index % counts[i]) + "]");
        index /= counts[i];
    }
    offset %= element_size;
    return "[" + std::to_string(index) + "]" + text;
}

/// What a library calls its own members says nothing to the library's users.
bool is_internal(const std::string& name) {
    return name.starts_with("_M_") || name.starts_with("__");
}

/// One step inwards, from `type` at `offset`; false: it ends here.
bool step(Type& type, uint64_t& offset, std::string& path, DieNames& names) {
    const int tag = dwarf_tag(&type.die);
    if (type.is_lock) return false;
    if (tag == DW_TAG_array_type) {
        const auto element = type_of(type.die, names);
        const auto index = element ? element_at(type.die, size_of(element->die), offset) : std::nullopt;
        if (!index) return false;
        path += *index;
        type = *element;
        return true;
    }
    if (!is_record(tag)) return false;
    const auto member = member_at(type.die, offset, names);
    if (!member) return false;
    Dwarf_Die entry = member->die;
    Dwarf_Die inner = member->type.die;
    const bool is_wrapper = size_of(type.die) == size_of(inner) && dwarf_tag(&inner) != DW_TAG_array_type;
    if (offset == 0 && is_wrapper && !type.is_anonymous) return false;
    const std::string name = name_attribute(entry);
    if (dwarf_tag(&entry) == DW_TAG_member && !name.empty() && !is_internal(name)) path += "." + name;
    offset -= member->offset;
    type = member->type;
    type.is_anonymous = name.empty();
    return true;
}

}  // namespace

std::string offset_text(uint64_t offset) {
    if (offset == 0) return "";
    std::array<char, 24> text;
    std::snprintf(text.data(), text.size(), "+0x%llx", static_cast<unsigned long long>(offset));
    return text.data();
}

std::string member_path(Dwarf_Die variable, uint64_t offset, DieNames& names) {
    std::string path;
    auto type = type_of(variable, names);
    for (int depth = 0; type && depth < kMaxMemberDepth; ++depth) {
        if (!step(*type, offset, path, names)) break;
    }
    return path + offset_text(offset);
}

}  // namespace symbolize
