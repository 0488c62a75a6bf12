// SPDX-License-Identifier: Apache-2.0
#include "symbolize/die_names.h"

#include <dwarf.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "symbolize/demangle.h"

namespace symbolize {

namespace {

/// Damaged entries may refer to each other in circles, or fan out without end.
constexpr int kMaxNameDepth = 12;
constexpr int kMaxSteps = 1000;
constexpr int kMaxOrigins = 16;

/// Entries of `die` that are looked at one after the other.
constexpr int kMaxChildren = 1000;

enum class Language { kPlain, kCpp, kRust };

Language language_of(Dwarf_Die die) {
    Dwarf_Die unit;
    if (!dwarf_diecu(&die, &unit, nullptr, nullptr)) return Language::kPlain;
    switch (dwarf_srclang(&unit)) {
        case DW_LANG_C_plus_plus:
        case DW_LANG_C_plus_plus_03:
        case DW_LANG_C_plus_plus_11:
        case DW_LANG_C_plus_plus_14:
        case 0x2b:  // C++17 and C++20, which dwarf.h does not know yet
        case 0x2c: return Language::kCpp;
        case DW_LANG_Rust: return Language::kRust;
        default: return Language::kPlain;
    }
}

std::string string_attribute(Dwarf_Die die, unsigned int name) {
    Dwarf_Attribute attribute;
    const char* const text = dwarf_attr_integrate(&die, name, &attribute) ? dwarf_formstring(&attribute) : nullptr;
    return text ? text : "";
}

std::string linkage_name(Dwarf_Die die) {
    std::string name = string_attribute(die, DW_AT_linkage_name);
    return name.empty() ? string_attribute(die, DW_AT_MIPS_linkage_name) : name;
}

/// The entry that stands where the function was declared, and so has its scopes.
Dwarf_Die declaration_of(Dwarf_Die die) {
    for (int i = 0; i < kMaxOrigins; ++i) {
        Dwarf_Attribute attribute;
        Dwarf_Die next;
        if (!dwarf_attr(&die, DW_AT_abstract_origin, &attribute) &&
            !dwarf_attr(&die, DW_AT_specification, &attribute)) {
            break;
        }
        if (!dwarf_formref_die(&attribute, &next)) break;
        die = next;
    }
    return die;
}

/// DWARF names types as C does, demanglers shorter.
std::string basic_name(const std::string& name) {
    using namespace std::literals;
    static constexpr std::array kShorter = {
        std::pair{"long int"sv, "long"sv},           std::pair{"long unsigned int"sv, "unsigned long"sv},
        std::pair{"short int"sv, "short"sv},         std::pair{"short unsigned int"sv, "unsigned short"sv},
        std::pair{"long long int"sv, "long long"sv}, std::pair{"long long unsigned int"sv, "unsigned long long"sv},
    };
    for (const auto& [dwarf, demangler] : kShorter) {
        if (name == dwarf) return std::string(demangler);
    }
    return name;
}

/// Calls `see` with each direct child until that returns false.
template <class See>
void each_child(Dwarf_Die die, See see) {
    Dwarf_Die child;
    if (dwarf_child(&die, &child) != 0) return;
    for (int i = 0; i < kMaxChildren && see(child); ++i) {
        if (dwarf_siblingof(&child, &child) != 0) break;
    }
}

bool has_flag(Dwarf_Die die, unsigned int name) {
    Dwarf_Attribute attribute;
    bool value = false;
    return dwarf_attr_integrate(&die, name, &attribute) && dwarf_formflag(&attribute, &value) == 0 && value;
}

/// Whether the hidden first parameter points to something const.
bool is_const_member(Dwarf_Die declaration) {
    bool answer = false;
    each_child(declaration, [&](Dwarf_Die child) {
        if (dwarf_tag(&child) != DW_TAG_formal_parameter) return true;
        Dwarf_Die type;
        bool found = has_flag(child, DW_AT_artificial) && referred(child, DW_AT_type, type);
        if (found && dwarf_tag(&type) == DW_TAG_const_type) found = referred(type, DW_AT_type, type);
        if (found && dwarf_tag(&type) == DW_TAG_pointer_type) found = referred(type, DW_AT_type, type);
        answer = found && dwarf_tag(&type) == DW_TAG_const_type;
        return false;
    });
    return answer;
}

}  // namespace

bool referred(Dwarf_Die die, unsigned int name, Dwarf_Die& target) {
    Dwarf_Attribute attribute;
    return dwarf_attr_integrate(&die, name, &attribute) && dwarf_formref_die(&attribute, &target);
}

std::string name_attribute(Dwarf_Die die) {
    return string_attribute(die, DW_AT_name);
}

std::string DieNames::function(Dwarf_Die die) {
    if (depth_ == 0) steps_ = 0;
    std::string linked = linkage_name(die);
    if (is_mangled(linked) && !is_rust_v0(linked)) return demangled(linked);
    std::string name = name_attribute(die);
    const Language language = language_of(die);
    if (!linked.empty() && (language != Language::kRust || name.empty())) return public_name(die, demangled(linked));
    if (language == Language::kRust) return scopes(declaration_of(die)) + name;
    if (language == Language::kPlain || has_flag(die, DW_AT_external)) return public_name(die, name);
    const Symbol* const symbol = symbol_of(die, name);
    if (symbol && is_mangled(symbol->name)) return demangled(symbol->name);
    const Dwarf_Die declaration = declaration_of(die);
    return name.empty() ? name : scopes(declaration) + name + parameters(declaration);
}

const Symbol* DieNames::symbol_of(Dwarf_Die die, const std::string& name) const {
    Dwarf_Addr entry = 0;
    if (dwarf_tag(&die) != DW_TAG_subprogram || dwarf_entrypc(&die, &entry) != 0) return nullptr;
    const Symbol* const symbol = symbols_.function_at(entry + bias_, name);
    return symbol && symbol->start == entry + bias_ ? symbol : nullptr;
}

std::string DieNames::public_name(Dwarf_Die die, const std::string& name) const {
    const Symbol* const symbol = name.starts_with('_') ? symbol_of(die, "") : nullptr;
    return symbol ? demangled(symbol->name) : name;
}

std::string DieNames::scopes(Dwarf_Die die) {
    if (++depth_ > kMaxNameDepth || ++steps_ > kMaxSteps) {
        --depth_;
        return "";
    }
    std::string text;
    for (const Dwarf_Die& scope : info_.index_of(die).scopes_of(die)) {
        Dwarf_Die entry = scope;
        std::string name;
        // A function's own name has its scopes already.
        if (dwarf_tag(&entry) == DW_TAG_subprogram) {
            text.clear();
            name = function(entry);
        } else {
            name = name_attribute(entry);
            if (name.empty()) {
                name = dwarf_tag(&entry) == DW_TAG_namespace ? "(anonymous namespace)" : nameless_class(entry);
            }
        }
        text += name + "::";
    }
    --depth_;
    return text;
}

std::string DieNames::parameters(Dwarf_Die declaration) {
    std::string list;
    each_child(declaration, [&](Dwarf_Die child) {
        const int tag = dwarf_tag(&child);
        std::string one;
        if (tag == DW_TAG_formal_parameter && !has_flag(child, DW_AT_artificial)) one = type_of(child);
        if (tag == DW_TAG_unspecified_parameters) one = "...";
        if (!one.empty()) list += (list.empty() ? "" : ", ") + one;
        return steps_ < kMaxSteps;
    });
    return "(" + list + ")" + (is_const_member(declaration) ? " const" : "");
}

std::string DieNames::type_of(Dwarf_Die die) {
    Dwarf_Die target;
    return referred(die, DW_AT_type, target) ? written(target) : "void";
}

std::string DieNames::type(Dwarf_Die die) {
    if (depth_ == 0) steps_ = 0;
    return written(die);
}

std::string DieNames::written(Dwarf_Die die) {
    if (++depth_ > kMaxNameDepth || ++steps_ > kMaxSteps) {
        --depth_;
        return "?";
    }
    const int tag = dwarf_tag(&die);
    const std::string name = name_attribute(die);
    std::string text;
    if (tag == DW_TAG_base_type || tag == DW_TAG_unspecified_type) {
        text = basic_name(name);
    } else if (tag == DW_TAG_typedef) {
        Dwarf_Die target;
        const bool nameless = referred(die, DW_AT_type, target) && dwarf_tag(&target) != DW_TAG_pointer_type &&
                              dwarf_haschildren(&target) > 0 && name_attribute(target).empty();
        text = nameless ? scopes(die) + name : type_of(die);
    } else if (!name.empty()) {
        text = scopes(die) + name;
    } else {
        text = derived(die, tag);
    }
    --depth_;
    return text;
}

std::string DieNames::derived(Dwarf_Die die, int tag) {
    Dwarf_Die target{};
    const bool to_function = referred(die, DW_AT_type, target) && dwarf_tag(&target) == DW_TAG_subroutine_type;
    const bool to_array = !to_function && dwarf_tag(&target) == DW_TAG_array_type;
    const auto pointing = [&](const std::string& sign) {
        if (to_function) return type_of(target) + " (" + sign + ")" + parameters(target);
        return to_array ? type_of(target) + " (" + sign + ") []" : type_of(die) + sign;
    };
    switch (tag) {
        case DW_TAG_pointer_type: return pointing("*");
        case DW_TAG_reference_type: return pointing("&");
        case DW_TAG_rvalue_reference_type: return pointing("&&");
        case DW_TAG_const_type: return type_of(die) + " const";
        case DW_TAG_volatile_type: return type_of(die) + " volatile";
        case DW_TAG_atomic_type: return type_of(die) + " _Atomic";
        case DW_TAG_restrict_type: return type_of(die);
        case DW_TAG_array_type: return type_of(die) + " []";
        case DW_TAG_subroutine_type: return type_of(die) + " " + parameters(die);
        case DW_TAG_class_type:
        case DW_TAG_structure_type:
        case DW_TAG_union_type: return scopes(die) + nameless_class(die);
        default: return "?";
    }
}

std::string DieNames::nameless_class(Dwarf_Die die) {
    std::string name = "{unnamed type}";
    each_child(die, [&](Dwarf_Die child) {
        const bool is_call = dwarf_tag(&child) == DW_TAG_subprogram && name_attribute(child) == "operator()";
        if (!is_call) return true;
        const std::string list = parameters(child);
        name = "{lambda" + list.substr(0, list.rfind(')') + 1) + "}";
        return false;
    });
    return name;
}

}  // namespace symbolize
