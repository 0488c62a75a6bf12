// SPDX-License-Identifier: Apache-2.0
//
// The rows that cfi.cpp finds in the unwind tables of whole libraries, against elfutils' libdw.
#include "preload/stacks/cfi.h"

#include <dlfcn.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <cstring>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "preload/stacks/rule_cache.h"
#include "preload/stacks/table_cursor.h"

namespace {

constexpr unsigned kOpBreg0 = 0x70;
constexpr unsigned kOpBreg31 = 0x8f;
constexpr unsigned kOpCallFrameCfa = 0x9c;
constexpr unsigned kOpPlusConstant = 0x23;
constexpr unsigned kOpRegisterX = 0x90;
constexpr unsigned kOpBregX = 0x92;
constexpr unsigned kOpStackValue = 0x9f;

bool has_operand(unsigned op) {
    return (op >= kOpBreg0 && op <= kOpBreg31) || op == kOpPlusConstant;
}

/// Expressions as text: "112+8 6 " is breg0 8, deref.
std::string text_of(const Dwarf_Op* ops, size_t count) {
    std::ostringstream text;
    for (size_t i = 0; i < count; ++i) {
        text << int{ops[i].atom};
        if (has_operand(ops[i].atom)) text << '+' << static_cast<int64_t>(ops[i].number);
        text << ' ';
    }
    return text.str();
}

std::string text_of(preload::Expression expression) {
    preload::TableCursor cursor(expression.begin, expression.begin + expression.size);
    std::ostringstream text;
    while (!cursor.at_end()) {
        const auto op = cursor.fixed<uint8_t>();
        text << int{op};
        if (has_operand(op))
            text << '+' << (op == kOpPlusConstant ? static_cast<int64_t>(cursor.uleb()) : cursor.sleb());
        text << ' ';
    }
    return text.str();
}

std::string our_text(const preload::RegisterRule& rule) {
    switch (rule.saved) {
        case preload::Saved::kSame: return "same";
        case preload::Saved::kUndefined: return "undefined";
        case preload::Saved::kAtCfa: return "at cfa " + std::to_string(rule.value);
        case preload::Saved::kIsCfa: return "is cfa " + std::to_string(rule.value);
        case preload::Saved::kAtExpression: return "at " + text_of(rule.expression());
        case preload::Saved::kIsExpression: return "is " + text_of(rule.expression());
        case preload::Saved::kElsewhere: return "register " + std::to_string(rule.value);
    }
    return "?";
}

std::string our_text(const preload::FrameRow& row) {
    const std::string cfa = row.cfa.is_expression
                                ? text_of(row.cfa.expression())
                                : std::to_string(int{row.cfa.base}) + '+' + std::to_string(row.cfa.value);
    return "cfa " + cfa + "; rbp " + our_text(row.fp) + "; ra " + our_text(row.return_address) +
           (row.is_signal_frame ? "; signal" : "");
}

std::string reference_register(Dwarf_Frame* frame, int number) {
    Dwarf_Op memory[3];
    Dwarf_Op* ops = nullptr;
    size_t count = 0;
    if (dwarf_frame_register(frame, number, memory, &ops, &count) != 0) return "?";
    if (count == 0) return ops == nullptr ? "same" : "undefined";
    if (ops[0].atom == kOpRegisterX) return "register " + std::to_string(ops[0].number);
    const bool is_value = ops[count - 1].atom == kOpStackValue;
    const char* const verb = is_value ? "is " : "at ";
    if (is_value) --count;
    if (ops[0].atom != kOpCallFrameCfa) return "?";
    if (count == 1) return std::string(verb) + "cfa 0";
    if (count == 2 && ops[1].atom == kOpPlusConstant) {
        return std::string(verb) + "cfa " + std::to_string(static_cast<int64_t>(ops[1].number));
    }
    return verb + text_of(ops + 1, count - 1);
}

std::string reference_text(Dwarf_Frame* frame) {
    Dwarf_Op* ops = nullptr;
    size_t count = 0;
    if (dwarf_frame_cfa(frame, &ops, &count) != 0) return "?";
    std::string cfa = text_of(ops, count);
    if (count == 1 && ops[0].atom == kOpBregX) {
        cfa = std::to_string(ops[0].number) + '+' + std::to_string(static_cast<int64_t>(ops[0].number2));
    }
    Dwarf_Addr start = 0;
    Dwarf_Addr end = 0;
    bool is_signal = false;
    dwarf_frame_info(frame, &start, &end, &is_signal);
    return "cfa " + cfa + "; rbp " + reference_register(frame, preload::kRbp) + "; ra " +
           reference_register(frame, preload::kReturnAddress) + (is_signal ? "; signal" : "");
}

/// A loaded library, its file as libdw sees it, and the addresses where its functions begin.
class Library {
public:
    explicit Library(void* inside) {
        elf_version(EV_CURRENT);
        _dl_find_object(inside, &found_);
        descriptor_ = open(found_.dlfo_link_map->l_name, O_RDONLY | O_CLOEXEC);
        elf_ = elf_begin(descriptor_, ELF_C_READ_MMAP, nullptr);
        cfi_ = dwarf_getcfi_elf(elf_);
    }
    ~Library() {
        dwarf_cfi_end(cfi_);
        elf_end(elf_);
        close(descriptor_);
    }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    /// Read from .eh_frame_hdr: version and encodings, pointer, count, pairs of distances.
    std::vector<uintptr_t> functions() const {
        const auto* const header = static_cast<const char*>(found_.dlfo_eh_frame);
        uint32_t count = 0;
        memcpy(&count, header + 8, sizeof(count));
        std::vector<uintptr_t> starts;
        for (uint32_t i = 0; i < count; ++i) {
            int32_t distance = 0;
            memcpy(&distance, header + 12 + 8 * i, sizeof(distance));
            starts.push_back(reinterpret_cast<uintptr_t>(header) + static_cast<uintptr_t>(int64_t{distance}));
        }
        return starts;
    }

    std::string reference(uintptr_t address) const {
        Dwarf_Frame* frame = nullptr;
        if (dwarf_cfi_addrframe(cfi_, address - found_.dlfo_link_map->l_addr, &frame) != 0) return "none";
        std::string text = reference_text(frame);
        free(frame);
        return text;
    }

private:
    dl_find_object found_{};
    int descriptor_ = -1;
    Elf* elf_ = nullptr;
    Dwarf_CFI* cfi_ = nullptr;
};

std::string ours(uintptr_t address) {
    preload::FrameRow row;
    return preload::find_frame_row(address, row) == preload::RowSearch::kFound ? our_text(row) : "none";
}

struct LibraryCase {
    const char* name;
    const char* file;
    const char* symbol;

    friend void PrintTo(const LibraryCase& library, std::ostream* out) { *out << library.name; }
};

class CallFrameInformation : public testing::TestWithParam<LibraryCase> {};

TEST_P(CallFrameInformation, EqualsLibdwInEveryFunction) {
    void* const handle = dlopen(GetParam().file, RTLD_NOW | RTLD_GLOBAL);
    if (handle == nullptr) GTEST_SKIP() << dlerror();
    void* const symbol = dlsym(RTLD_DEFAULT, GetParam().symbol);
    ASSERT_NE(symbol, nullptr);
    const Library library(symbol);
    const std::vector<uintptr_t> functions = library.functions();
    ASSERT_GT(functions.size(), 10U);
    std::mt19937 random(1);

    int compared = 0;
    int different = 0;
    std::string first;
    for (size_t i = 0; i + 1 < functions.size(); ++i) {
        const uintptr_t size = functions[i + 1] - functions[i];
        for (const uintptr_t offset :
             {uintptr_t{0}, uintptr_t{1}, size / 2, size - 1, random() % size, random() % size}) {
            const uintptr_t address = functions[i] + offset;
            const std::string mine = ours(address);
            const std::string theirs = library.reference(address);
            // Of the signal trampoline only the starts of its two instructions are taken.
            if (mine == "none" && theirs.ends_with("; signal")) continue;
            ++compared;
            if (mine != theirs && different++ == 0) first = mine + "\n" + theirs;
        }
    }

    EXPECT_GT(compared, 60);
    EXPECT_EQ(different, 0) << "of " << compared << ", the first:\n" << first;
    RecordProperty("compared", compared);
    dlclose(handle);
}

INSTANTIATE_TEST_SUITE_P(Libraries, CallFrameInformation,
                         testing::Values(LibraryCase{"Libc", "libc.so.6", "puts"},
                                         LibraryCase{"LibStdCpp", "libstdc++.so.6", "__cxa_throw"},
                                         LibraryCase{"LibGcc", "libgcc_s.so.1", "_Unwind_Resume"},
                                         LibraryCase{"LibM", "libm.so.6", "sin"},
                                         LibraryCase{"Loader", "ld-linux-x86-64.so.2", "_r_debug"},
                                         LibraryCase{"LibCrypto", "libcrypto.so.3", "SHA256_Init"}),
                         [](const auto& made) { return std::string(made.param.name); });

TEST(CallFrameInformation, NearlyAllRowsFitIntoOneWord) {
    const Library library(reinterpret_cast<void*>(&puts));
    int rows = 0;
    int packed = 0;
    for (const uintptr_t function : library.functions()) {
        preload::FrameRow row;
        preload::FrameRule rule;
        if (preload::find_frame_row(function, row) != preload::RowSearch::kFound) continue;
        ++rows;
        if (preload::FrameRule::pack(row, rule)) ++packed;
    }

    EXPECT_GT(rows, 1000);
    EXPECT_GT(packed * 100, rows * 99);
}

TEST(CallFrameInformation, OfNoModuleIsNotFound) {
    preload::FrameRow row;
    for (const uintptr_t address : {uintptr_t{0}, uintptr_t{4096}, ~uintptr_t{0}, uintptr_t{1} << 63}) {
        EXPECT_EQ(preload::find_frame_row(address, row), preload::RowSearch::kNoModule);
    }
}

}  // namespace
