// SPDX-License-Identifier: Apache-2.0
//
// What a program's file says of what can be seen of its process.
#include "read/kernel/program_kind.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

namespace {

using reader::program_kind;
using reader::ProgramKind;
using reader::unseen_of;
using testing::HasSubstr;

/// A file of the test's own, gone with this object.
class Written {
public:
    explicit Written(const std::string& bytes) {
        const int descriptor = mkstemp(path_);
        EXPECT_EQ(write(descriptor, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
        close(descriptor);
    }
    ~Written() { unlink(path_); }
    const char* path() const { return path_; }

private:
    char path_[32] = "/tmp/loiter_program_XXXXXX";
};

template <typename Value>
std::string bytes_of(const Value& value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

/// A program with one more segment of `type` that has `content`.
std::string program(uint32_t type, const std::string& content) {
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_type = ET_EXEC;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof(header);
    header.e_phnum = 1;
    Elf64_Phdr segment{};
    segment.p_type = type;
    segment.p_offset = sizeof(header) + sizeof(segment);
    segment.p_filesz = content.size();
    return bytes_of(header) + bytes_of(segment) + content;
}

TEST(ProgramKind, OfThisTestIsAnUsualOne) {
    const ProgramKind kind = program_kind("/proc/self/exe");

    EXPECT_TRUE(kind.is_elf && kind.is_64_bit && !kind.is_static && !kind.is_go);
    EXPECT_EQ(kind.machine, EM_X86_64);
    EXPECT_EQ(unseen_of(kind), "");
}

TEST(ProgramKind, WithoutALoaderIsStatic) {
    const Written file(program(PT_LOAD, ""));

    EXPECT_TRUE(program_kind(file.path()).is_static);
    EXPECT_THAT(unseen_of(program_kind(file.path())), HasSubstr("statically linked: "));
}

TEST(ProgramKind, OfGoIsKnownByItsNote) {
    const std::string note = bytes_of(Elf64_Nhdr{4, 8, 4}) + std::string("Go\0\0", 4) + "build-id";
    const Written file(program(PT_NOTE, note));

    EXPECT_TRUE(program_kind(file.path()).is_go);
    EXPECT_THAT(unseen_of(program_kind(file.path())), HasSubstr("goroutines are not threads"));
}

TEST(ProgramKind, OfMuslIsKnownByItsLoader) {
    const Written file(program(PT_INTERP, std::string("/lib/ld-musl-x86_64.so.1\0", 25)));

    EXPECT_FALSE(program_kind(file.path()).is_static);
    EXPECT_THAT(unseen_of(program_kind(file.path())), HasSubstr("musl"));
}

TEST(ProgramKind, OfAnotherWordSizeIsKnown) {
    Elf32_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    header.e_machine = EM_386;
    const Written file(bytes_of(header));

    const ProgramKind kind = program_kind(file.path());

    EXPECT_TRUE(kind.is_elf);
    EXPECT_FALSE(kind.is_64_bit);
    EXPECT_EQ(reader::machine_name(kind.machine), "i386");
}

TEST(ProgramKind, OfAFileThatIsCutAnywhereIsFound) {
    const std::string whole = program(PT_INTERP, std::string("/lib64/ld-linux-x86-64.so.2\0", 28));
    for (size_t length = 0; length < whole.size(); ++length) {
        const Written file(whole.substr(0, length));
        EXPECT_EQ(program_kind(file.path()).is_elf, length >= EI_NIDENT);
    }
}

}  // namespace
