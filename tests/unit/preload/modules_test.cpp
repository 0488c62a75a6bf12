// SPDX-License-Identifier: Apache-2.0
#include "preload/stacks/modules.h"

#include <dlfcn.h>
#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "fake_recording.h"
#include "preload/stacks/stack_capture.h"

namespace {

using protocol::ModuleRecord;

uintptr_t address_of(const void* pointer) {
    return reinterpret_cast<uintptr_t>(pointer);
}

std::string hex(const uint8_t* bytes, size_t size) {
    std::string text;
    for (size_t i = 0; i < size; ++i) {
        text += "0123456789abcdef"[bytes[i] >> 4];
        text += "0123456789abcdef"[bytes[i] & 15];
    }
    return text;
}

std::string build_id_of(const ModuleRecord& record) {
    return hex(record.build_id, record.build_id_size);
}

std::string build_id_of(const std::string& file) {
    elf_version(EV_CURRENT);
    const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
    Elf* const elf = elf_begin(descriptor, ELF_C_READ_MMAP, nullptr);
    const void* bytes = nullptr;
    const ssize_t size = dwelf_elf_gnu_build_id(elf, &bytes);
    const std::string text = size > 0 ? hex(static_cast<const uint8_t*>(bytes), static_cast<size_t>(size)) : "";
    elf_end(elf);
    close(descriptor);
    return text;
}

std::string real_path(const std::string& file) {
    return std::filesystem::canonical(file).string();
}

int local_function() {
    return 1;
}

TEST(Modules, KnowTheMainProgram) {
    const FakeRecording recording;

    preload::note_module_of(address_of(reinterpret_cast<void*>(&local_function)));

    const auto found = recording.modules();
    ASSERT_EQ(found.size(), 1U);
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(&local_function), &info);
    EXPECT_EQ(found[0]->path, real_path("/proc/self/exe"));
    EXPECT_EQ(found[0]->start, address_of(info.dli_fbase));
    EXPECT_EQ(found[0]->bias, address_of(info.dli_fbase));  // position-independent, as this test is
    EXPECT_GT(found[0]->end, found[0]->start);
    EXPECT_NE(build_id_of(*found[0]), "");
    EXPECT_EQ(build_id_of(*found[0]), build_id_of(std::string("/proc/self/exe")));
}

TEST(Modules, AreEnteredOnce) {
    const FakeRecording recording;
    const uintptr_t address = address_of(reinterpret_cast<void*>(&local_function));
    for (int i = 0; i < 3; ++i) {
        preload::note_module_of(address);
        preload::note_module_of(address + 1);
        preload::forget_code();
    }

    EXPECT_EQ(recording.modules().size(), 1U);
}

TEST(Modules, HaveTheLoadersPathAndTheFilesBuildId) {
    const FakeRecording recording;

    preload::note_module_of(address_of(dlsym(RTLD_DEFAULT, "puts")));

    const auto found = recording.modules();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(std::string(found[0]->path).find("libc.so.6"), std::string::npos);
    EXPECT_EQ(build_id_of(*found[0]), build_id_of(std::string(found[0]->path)));
}

TEST(Modules, IncludeTheKernelsPage) {
    const FakeRecording recording;
    const unsigned long vdso = getauxval(AT_SYSINFO_EHDR);
    if (vdso == 0) GTEST_SKIP() << "started without a vdso";

    preload::note_module_of(vdso + 64);

    const auto found = recording.modules();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_STREQ(found[0]->path, "[vdso]");
    EXPECT_NE(build_id_of(*found[0]), "");
}

TEST(Modules, AreAllEnteredOnRequest) {
    const FakeRecording recording;
    const unsigned long vdso = getauxval(AT_SYSINFO_EHDR);

    preload::note_loaded_modules();

    std::vector<uintptr_t> expected;
    dl_iterate_phdr(
        [](dl_phdr_info* info, size_t, void* data) {
            static_cast<std::vector<uintptr_t>*>(data)->push_back(info->dlpi_addr);
            return 0;
        },
        &expected);
    std::vector<uintptr_t> noted;
    for (const ModuleRecord* const record : recording.modules()) noted.push_back(record->bias);
    for (const uintptr_t bias : expected) {
        const auto times = std::count(noted.begin(), noted.end(), bias);
        EXPECT_TRUE(times == 1 || bias == vdso) << bias << ' ' << times;
    }
}

TEST(Modules, OfNoAddressAreNotEntered) {
    const FakeRecording recording;
    const int on_the_stack = 0;

    for (const uintptr_t address : {uintptr_t{0}, ~uintptr_t{0}, address_of(&on_the_stack)}) {
        preload::note_module_of(address);
    }

    EXPECT_TRUE(recording.modules().empty());
}

TEST(Modules, WithoutARecordingAreNotNoted) {
    preload::note_module_of(address_of(&errno));
}

TEST(Modules, ThatDoNotFitAreLeftOut) {
    const FakeRecording recording(1 << 20, 2);

    preload::note_loaded_modules();

    EXPECT_EQ(recording.modules().size(), 2U);
}

TEST(Modules, AreAskedForWithoutTouchingErrno) {
    const FakeRecording recording;
    errno = 77;

    preload::note_loaded_modules();

    EXPECT_EQ(errno, 77);
}

struct Plugin {
    explicit Plugin(const char* file) : handle(dlopen(file, RTLD_NOW)), function(dlsym(handle, "plugin_number")) {}
    void* handle;
    void* function;
};

/// What the wrapper of dlclose does.
void unload(const Plugin& plugin, FakeRecording& recording) {
    preload::begin_unload();
    dlclose(plugin.handle);
    ++recording.head().generation;
    preload::end_unload();
}

TEST(Modules, LoadedAtAnOldAddressAreEnteredWithTheirGeneration) {
    FakeRecording recording;
    const Plugin one(PLUGIN_ONE);
    preload::note_module_of(address_of(one.function));
    unload(one, recording);
    const Plugin two(PLUGIN_TWO);
    preload::note_module_of(address_of(two.function));
    if (one.function != two.function) GTEST_SKIP() << "the kernel chose another address";

    const auto found = recording.modules_at(address_of(two.function));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0]->path, real_path(PLUGIN_ONE));
    EXPECT_EQ(found[0]->generation, 0U);
    EXPECT_EQ(found[1]->path, real_path(PLUGIN_TWO));
    EXPECT_EQ(found[1]->generation, 1U);
    EXPECT_NE(build_id_of(*found[0]), build_id_of(*found[1]));
    unload(two, recording);

    const Plugin again(PLUGIN_ONE);
    preload::note_module_of(address_of(again.function));
    if (again.function == two.function) {
        const auto all = recording.modules_at(address_of(again.function));
        ASSERT_EQ(all.size(), 3U);
        EXPECT_EQ(all[2]->path, real_path(PLUGIN_ONE));
        EXPECT_EQ(all[2]->generation, 2U);
    }
    unload(again, recording);
}

TEST(Modules, LoadedAgainUnchangedAreNotEnteredAgain) {
    FakeRecording recording;
    const Plugin first(PLUGIN_ONE);
    preload::note_module_of(address_of(first.function));
    unload(first, recording);
    const Plugin second(PLUGIN_ONE);
    preload::note_module_of(address_of(second.function));
    if (first.function != second.function) GTEST_SKIP() << "the kernel chose another address";

    EXPECT_EQ(recording.modules().size(), 1U);
    unload(second, recording);
}

/// libc closes some of its own libraries without the wrapper seeing it.
TEST(Modules, ThatChangedUnseenGetAGenerationOfTheirOwn) {
    FakeRecording recording;
    const Plugin one(PLUGIN_ONE);
    preload::note_module_of(address_of(one.function));
    dlclose(one.handle);
    preload::forget_code();
    const Plugin two(PLUGIN_TWO);
    preload::note_module_of(address_of(two.function));
    if (one.function != two.function) GTEST_SKIP() << "the kernel chose another address";

    const auto found = recording.modules_at(address_of(two.function));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[1]->generation, 1U);
    EXPECT_EQ(recording.head().generation, 1U);
    dlclose(two.handle);
}

TEST(Modules, OpenedByARelativeNameAreStoredWithTheirFolder) {
    const FakeRecording recording;
    const std::filesystem::path file = real_path(PLUGIN_ONE);
    const std::filesystem::path before = std::filesystem::current_path();
    std::filesystem::current_path(file.parent_path());
    const Plugin plugin(("./" + file.filename().string()).c_str());
    ASSERT_NE(plugin.handle, nullptr);

    preload::note_module_of(address_of(plugin.function));
    std::filesystem::current_path(before);

    const auto found = recording.modules_at(address_of(plugin.function));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0]->path[0], '/');
    EXPECT_EQ(real_path(found[0]->path), file.string());
    dlclose(plugin.handle);
}

TEST(Modules, MayBeMetByManyThreadsAtOnce) {
    const FakeRecording recording;
    const uintptr_t address = address_of(dlsym(RTLD_DEFAULT, "puts"));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([address] {
            for (int j = 0; j < 200; ++j) preload::note_module_of(address);
        });
    }
    for (std::thread& thread : threads) thread.join();

    const auto found = recording.modules_at(address);
    ASSERT_GE(found.size(), 1U);  // a race may enter it more than once, never differently
    EXPECT_LE(found.size(), 4U);
    for (const ModuleRecord* const record : found) {
        EXPECT_EQ(build_id_of(*record), build_id_of(*found[0]));
        EXPECT_EQ(record->generation, 0U);
    }
}

}  // namespace
