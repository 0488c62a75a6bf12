// SPDX-License-Identifier: Apache-2.0
#include "launch/program_file.h"

#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "launch/launch.h"
#include "tests/support/target_runner.h"

namespace launch {
namespace {

using testing::HasSubstr;

class ProgramFile : public testing::Test {
protected:
    std::string make(const std::string& name, const std::string& content, mode_t mode = 0755) {
        const std::string path = folder_.path() + "/" + name;
        std::ofstream(path, std::ios::binary) << content;
        chmod(path.c_str(), mode);
        return path;
    }

    /// A program that asks for this loader; 64-bit x86 unless told otherwise.
    static std::string elf(const std::string& loader, unsigned char word_size = ELFCLASS64,
                           uint16_t machine = EM_X86_64) {
        Elf64_Ehdr header = {};
        std::memcpy(header.e_ident, ELFMAG, SELFMAG);
        header.e_ident[EI_CLASS] = word_size;
        header.e_machine = machine;
        header.e_phoff = sizeof header;
        header.e_phnum = 1;
        Elf64_Phdr segment = {};
        segment.p_type = PT_INTERP;
        segment.p_offset = sizeof header + sizeof segment;
        segment.p_filesz = loader.size() + 1;
        std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
        bytes.append(reinterpret_cast<const char*>(&segment), sizeof segment);
        return bytes + loader + '\0';
    }

    support::TemporaryFolder folder_;
};

constexpr char kGlibcLoader[] = "/lib64/ld-linux-x86-64.so.2";

TEST_F(ProgramFile, NothingSpeaksAgainstADynamicProgram) {
    EXPECT_EQ(obstacle_in_file("/bin/true"), "");
    EXPECT_EQ(obstacle_in_file(make("program", elf(kGlibcLoader))), "");
}

TEST_F(ProgramFile, TellsAStaticProgram) {
    EXPECT_THAT(obstacle_in_file(STATIC_PROGRAM), HasSubstr("it is statically linked"));
}

TEST_F(ProgramFile, TellsMusl) {
    EXPECT_THAT(obstacle_in_file(make("program", elf("/lib/ld-musl-x86_64.so.1"))), HasSubstr("musl"));
}

TEST_F(ProgramFile, TellsOtherMachinesAndWordSizes) {
    EXPECT_THAT(obstacle_in_file(make("arm", elf(kGlibcLoader, ELFCLASS64, EM_AARCH64))), HasSubstr("another machine"));
    EXPECT_THAT(obstacle_in_file(make("i386", elf(kGlibcLoader, ELFCLASS32, EM_386))), HasSubstr("word size"));
}

TEST_F(ProgramFile, TellsPrivilegedPrograms) {
    const std::string program = make("program", elf(kGlibcLoader));
    ASSERT_EQ(chown(program.c_str(), getuid() == 0 ? 1 : getuid(), static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(chmod(program.c_str(), 04755), 0);

    EXPECT_EQ(obstacle_in_file(program).find("it is setuid") != std::string::npos, getuid() == 0);

    ASSERT_EQ(chown(program.c_str(), getuid(), static_cast<gid_t>(-1)), 0);
    ASSERT_EQ(chmod(program.c_str(), 04755), 0);
    EXPECT_EQ(obstacle_in_file(program), "");
}

TEST_F(ProgramFile, JudgesScriptsByTheirInterpreter) {
    const std::string fixed = make("fixed", std::string("#! ") + STATIC_PROGRAM + " -x\necho\n");
    EXPECT_THAT(obstacle_in_file(fixed), HasSubstr("statically linked"));
    EXPECT_THAT(obstacle_in_file(make("nested", "#!" + fixed + "\n")), HasSubstr("statically linked"));
    EXPECT_EQ(obstacle_in_file(make("shell", "#!/bin/sh\n")), "");
}

TEST_F(ProgramFile, LooksBehindEnv) {
    std::filesystem::create_symlink(STATIC_PROGRAM, folder_.path() + "/interpreter");
    const std::string before = getenv("PATH");
    setenv("PATH", (folder_.path() + ":" + before).c_str(), 1);

    EXPECT_THAT(obstacle_in_file(make("script", "#!/usr/bin/env interpreter\n")), HasSubstr("statically linked"));
    EXPECT_THAT(obstacle_in_file(make("split", "#!/usr/bin/env -S A=1 interpreter -u\n")),
                HasSubstr("statically linked"));
    EXPECT_EQ(obstacle_in_file(make("unknown", "#!/usr/bin/env no-such-program\n")), "");
    EXPECT_EQ(obstacle_in_file(make("bare", "#!/usr/bin/env")), "");

    setenv("PATH", before.c_str(), 1);
}

/// Its launcher may be a script; its tools are static, and have what they preload beside them.
TEST_F(ProgramFile, TellsValgrind) {
    EXPECT_THAT(obstacle_in_file(make("valgrind", "#!/bin/sh\n")), HasSubstr("Valgrind"));
    const std::string tool = folder_.path() + "/memcheck-amd64-linux";
    std::filesystem::copy(STATIC_PROGRAM, tool);
    EXPECT_THAT(obstacle_in_file(tool), HasSubstr("statically"));
    make("vgpreload_core-amd64-linux.so", "");
    EXPECT_THAT(obstacle_in_file(tool), HasSubstr("Valgrind"));
    EXPECT_EQ(obstacle_in_file(make("valgrind.txt", "#!/bin/sh\n")), "");
}

TEST_F(ProgramFile, DamagedAndMissingFilesSayNothing) {
    const std::string whole = elf(kGlibcLoader);
    for (size_t size = 0; size < sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr); size += 7) {
        EXPECT_EQ(obstacle_in_file(make("cut", whole.substr(0, size))), "") << size;
    }
    EXPECT_EQ(obstacle_in_file(folder_.path() + "/nosuch"), "");
    EXPECT_EQ(obstacle_in_file(folder_.path()), "");
    EXPECT_EQ(obstacle_in_file(make("empty", "")), "");
    EXPECT_EQ(obstacle_in_file(make("loop", "#!" + folder_.path() + "/loop\n")), "");
    EXPECT_EQ(obstacle_in_file(make("hash", "#!\n")), "");
}

TEST_F(ProgramFile, HugeCountsAreBounded) {
    std::string bytes = elf(kGlibcLoader);
    auto* const header = reinterpret_cast<Elf64_Ehdr*>(bytes.data());
    header->e_phnum = 0xffff;
    header->e_phoff = ~uint64_t{0} - 8;
    EXPECT_EQ(obstacle_in_file(make("far", bytes)), "");

    bytes = elf(kGlibcLoader);
    reinterpret_cast<Elf64_Phdr*>(bytes.data() + sizeof(Elf64_Ehdr))->p_filesz = ~uint64_t{0};
    EXPECT_EQ(obstacle_in_file(make("long", bytes)), "");
}

TEST_F(ProgramFile, IsFoundAsExecvpFindsIt) {
    EXPECT_EQ(find_program("/bin/true"), "/bin/true");
    EXPECT_THAT(find_program("true"), HasSubstr("/true"));
    EXPECT_EQ(find_program("no-such-program"), "");
    EXPECT_EQ(find_program("/tmp"), "");
    EXPECT_EQ(find_program(make("plain", "x", 0644)), "");
    EXPECT_EQ(find_program(""), "");
}

TEST_F(ProgramFile, NeedsALibraryThatCanBePreloaded) {
    const std::string library = make("lib.so", "x");
    EXPECT_EQ(why_not_observable("true", library), "");
    EXPECT_THAT(why_not_observable("true", ""), HasSubstr("libloiter.so is missing"));
    EXPECT_THAT(why_not_observable("true", folder_.path() + "/nosuch"), HasSubstr("libloiter.so is missing"));
    EXPECT_THAT(why_not_observable("true", make("a b.so", "x")), HasSubstr("without blanks"));
    EXPECT_THAT(why_not_observable("true", make("do$LIB.so", "x")), HasSubstr("dollar signs"));
    EXPECT_THAT(why_not_observable(STATIC_PROGRAM, library), HasSubstr("statically"));
    EXPECT_EQ(why_not_observable("no-such-program", library), "");
}

}  // namespace
}  // namespace launch
