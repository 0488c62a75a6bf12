// SPDX-License-Identifier: Apache-2.0
//
// Reports from core files: the kernel's, gdb's, damaged ones.
#include <elf.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/procfs.h>
#include <sys/syscall.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/e2e/unobserved/unobserved.h"

namespace {

namespace fs = std::filesystem;
using report::Json;
using testing::ElementsAre;
using testing::HasSubstr;
using unobserved::loiter;
using unobserved::report_of;

std::string gallery(const std::string& name) {
    return std::string(GALLERY_PROGRAMS) + "/" + name;
}

/// Only where the kernel writes cores beside the program, and not to a collector.
bool writes_cores_here() {
    const std::string pattern = report::read_text("/proc/sys/kernel/core_pattern");
    return !pattern.starts_with("|") && pattern.find('/') == std::string::npos;
}

/// A core of `program`, stuck, killed by SIGABRT in `folder`; empty: the kernel wrote none.
std::string core_of_aborted(const std::string& program, const std::string& variant, const std::string& folder) {
    support::Running target(
        {.arguments = {"sh", "-c", "ulimit -c unlimited; cd \"$0\"; exec \"$1\" \"$2\"", folder, program, variant}});
    if (!target.await_output("stuck\n") || !target.await_call(SYS_futex)) return "";
    target.signal(SIGABRT);
    EXPECT_EQ(target.finish().status, 128 + SIGABRT);
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
        if (entry.path().filename().string().starts_with("core")) return entry.path();
    }
    return "";
}

class Core : public testing::Test {
protected:
    void SetUp() override {
        if (!writes_cores_here()) GTEST_SKIP() << "the kernel gives cores to a collector: see core_pattern";
    }

    void take(const std::string& program, const std::string& variant = "leaky") {
        core_ = core_of_aborted(program, variant, folder_.path());
        if (core_.empty()) GTEST_SKIP() << "the kernel wrote no core";
    }

    support::TemporaryFolder folder_;
    std::string core_;
};

TEST_F(Core, OfADeadlockProvesIt) {
    take(gallery("opposite_lock_order_O2"));
    if (core_.empty()) return;

    const Json seen = report_of({"report", core_});

    const Json& process = seen.at("process");
    EXPECT_EQ(process.at("observed"), false);
    EXPECT_EQ(process.at("reason"), "post-mortem");
    EXPECT_EQ(process.at("end"), "signal");
    EXPECT_EQ(process.at("status"), 128 + SIGABRT);
    EXPECT_EQ(process.at("uptime_seconds"), nullptr);
    EXPECT_EQ(process.at("exe"), gallery("opposite_lock_order_O2"));
    ASSERT_EQ(process.at("notes").size(), 1U);
    EXPECT_THAT(report::text_of(process.at("notes").at(0)), HasSubstr("not observed, so not known: "));
    EXPECT_THAT(report::verdicts(seen), ElementsAre("deadlock proved"));
    EXPECT_EQ(report::threads_of(report::findings(seen, "deadlock").at(0)), (std::set<int>{2, 3}));
    const std::string source = std::string(GALLERY_SOURCES) + "/opposite_lock_order.cpp";
    EXPECT_EQ(report::thread(seen, 1).at("state"), "join");
    for (const Json& thread : seen.at("threads")) {
        EXPECT_EQ(thread.at("stack_incomplete"), false) << report::describe(thread.at("stack"));
        EXPECT_EQ(report::text_of(report::program_frames(thread.at("stack")).at(0).at("file")), source);
    }
}

std::vector<std::string> states_of_others(const Json& seen) {
    std::vector<std::string> states;
    for (const Json& thread : seen.at("threads")) {
        if (thread.at("id") != 1) states.push_back(thread.at("state"));
    }
    return states;
}

/// The kernel ends a transfer that has begun with what is done of it, as if it had gone well.
TEST_F(Core, SaysWhichCallsThreadsWereStuckIn) {
    for (const std::string variant : {"none", "cut"}) {
        take(CUT_TRANSFERS, variant);
        if (core_.empty()) return;

        const Json seen = report_of({"report", core_});

        EXPECT_THAT(states_of_others(seen), ElementsAre("io write", "io writev", "io send", "io sendmsg", "io sendfile",
                                                        "io recv", "io recvmsg"))
            << variant;
        fs::remove(core_);
    }
}

TEST_F(Core, SaysWhichFilesAreMissingOrOthers) {
    const std::string program = folder_.path() + "/prog";
    fs::copy_file(gallery("opposite_lock_order_O2"), program);
    take(program);
    if (core_.empty()) return;

    fs::rename(program, program + ".away");
    const Json gone = report_of({"report", core_});
    fs::copy_file(gallery("locks_twice_O2"), program);
    const Json other = report_of({"report", core_});

    EXPECT_THAT(gone.at("process").at("notes").dump(), HasSubstr("not found here: " + program));
    EXPECT_EQ(gone.at("threads").size(), 3U);
    EXPECT_THAT(other.at("process").at("notes").dump(), HasSubstr("another version: " + program));
}

TEST_F(Core, CutShortOrDamagedIsRefusedInOneLineOrRead) {
    take(gallery("locks_twice_O0"));
    if (core_.empty()) return;
    const std::string whole = report::read_text(core_);
    const std::string damaged = folder_.path() + "/damaged";
    std::mt19937 random(7);
    const auto below = [&](size_t end) { return std::uniform_int_distribution<size_t>(0, end - 1)(random); };

    for (int round = 0; round < 60; ++round) {
        std::string bytes = whole;
        const bool is_cut = round % 2 == 0;
        if (is_cut) bytes.resize(below(round % 4 == 0 ? 6000 : whole.size()));
        // The headers and the notes: what is followed.
        for (int change = 0; !is_cut && change < 12; ++change) {
            bytes[below(round % 4 == 1 ? 600 : 20'000)] = static_cast<char>(below(256));
        }
        std::ofstream(damaged, std::ios::binary | std::ios::trunc) << bytes;
        const support::Outcome outcome = loiter({"report", damaged});
        ASSERT_TRUE(outcome.status == 125 || (!is_cut && outcome.status == 0))
            << "round " << round << ": " << outcome.status << "\n"
            << outcome.errors;
        if (outcome.status == 125) {
            EXPECT_EQ(unobserved::line_count(outcome.errors), 1) << outcome.errors;
            EXPECT_EQ(outcome.output, "");
        }
    }
}

TEST(CoreOfGdb, HasAnOrphanedLockAsLikelyForNobodySawItsOwner) {
    if (support::run({.arguments = {"gcore", "--help"}}).status == 127) GTEST_SKIP() << "no gcore: apt-get install gdb";
    const support::TemporaryFolder folder;
    support::Running target({.arguments = {gallery("lock_of_exited_thread_O0"), "joined"}});
    ASSERT_TRUE(target.await_output("stuck\n"));
    const std::string pid = std::to_string(target.pid());
    const support::Outcome saved = support::run({.arguments = {"gcore", "-o", folder.path() + "/core", pid}});
    if (saved.status != 0) GTEST_SKIP() << "gdb may not attach here: " << saved.errors;

    const Json seen = report_of({"report", folder.path() + "/core." + pid});

    EXPECT_THAT(report::verdicts(seen), ElementsAre("orphaned-lock likely"));
    EXPECT_EQ(seen.at("process").at("end"), "unknown");
    EXPECT_EQ(seen.at("process").at("pid"), target.pid());
    EXPECT_EQ(report::thread(seen, 1).at("state"), "join");
    EXPECT_EQ(report::thread(seen, 2).at("state"), "mutex lock");
}

template <typename Value>
std::string bytes_of(const Value& value) {
    return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

std::string core_note(uint32_t type, std::string content) {
    content.resize((content.size() + 3) / 4 * 4, '\0');
    return bytes_of(Elf64_Nhdr{5, static_cast<Elf64_Word>(content.size()), type}) + std::string("CORE\0\0\0", 8) +
           content;
}

TEST(CoreOfManySegments, WithTheSameNotesIsReadInBounds) {
    elf_prstatus status = {};
    status.pr_pid = 7;
    constexpr uint64_t kFiles = 40'000;
    constexpr uint64_t kPage = 4096;
    std::string places = bytes_of(kFiles) + bytes_of(kPage);
    std::string paths;
    for (uint64_t i = 1; i <= kFiles; ++i) {
        places += bytes_of(i * kPage) + bytes_of((i + 1) * kPage) + bytes_of(uint64_t{0});
        paths += std::string("/\0", 2);
    }
    const std::string notes = core_note(NT_PRSTATUS, bytes_of(status)) + core_note(NT_FILE, places + paths);
    Elf64_Ehdr header = {};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_type = ET_CORE;
    header.e_machine = EM_X86_64;
    header.e_phoff = sizeof(header);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 60'000;
    Elf64_Phdr segment = {};
    segment.p_type = PT_NOTE;
    segment.p_offset = sizeof(header) + header.e_phnum * sizeof(segment);
    segment.p_filesz = notes.size();
    const support::TemporaryFolder folder;
    const std::string path = folder.path() + "/core";
    std::ofstream file(path, std::ios::binary);
    file << bytes_of(header);
    for (int i = 0; i < header.e_phnum; ++i) file << bytes_of(segment);
    file << notes;
    file.close();

    const support::Outcome outcome = loiter({"report", path});

    EXPECT_EQ(outcome.status, 125);
    EXPECT_THAT(outcome.errors, HasSubstr("is damaged: its notes make no sense")) << "the last of them is cut";
    EXPECT_EQ(unobserved::line_count(outcome.errors), 1) << outcome.errors;
}

TEST(CoreOfAnotherMachine, IsRefusedInOneLine) {
    const support::TemporaryFolder folder;
    const std::string path = folder.path() + "/core";
    std::string head(
        "\x7f"
        "ELF\x01\x01\x01",
        7);  // 32 bits
    head.resize(16, '\0');
    head += std::string("\x04\x00\x03\x00", 4);  // ET_CORE, EM_386
    head.resize(128, '\0');
    std::ofstream(path, std::ios::binary) << head;

    const support::Outcome outcome = loiter({"report", path});

    EXPECT_EQ(outcome.status, 125);
    EXPECT_THAT(outcome.errors, HasSubstr("32-bit i386"));
    EXPECT_EQ(unobserved::line_count(outcome.errors), 1);
}

}  // namespace
