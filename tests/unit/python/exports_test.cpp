// SPDX-License-Identifier: Apache-2.0
//
// On the test's own libraries, which the loader has looked everything up in.
#include "python/exports.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <sys/uio.h>
#include <unistd.h>

#include <random>
#include <string>
#include <vector>

namespace python {
namespace {

Memory own_memory() {
    return Memory([](uint64_t address, void* to, size_t bytes) -> size_t {
        const iovec local{to, bytes};
        const iovec remote{reinterpret_cast<void*>(address), bytes};
        const ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
        return got < 0 ? 0 : static_cast<size_t>(got);
    });
}

uint64_t base_of_libc() {
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(&getpid), &info);
    return reinterpret_cast<uint64_t>(info.dli_fbase);
}

TEST(Exports, AreWhereTheLoaderFindsThem) {
    const Memory memory = own_memory();
    const auto exports = Exports::of(memory, base_of_libc());
    ASSERT_TRUE(exports);

    for (const char* const name : {"environ", "stdout", "getpid", "printf", "qsort"}) {
        EXPECT_EQ(exports->find(memory, name), reinterpret_cast<uint64_t>(dlsym(RTLD_NEXT, name))) << name;
    }
    EXPECT_EQ(exports->find(memory, "_PyRuntime"), std::nullopt);
    EXPECT_EQ(exports->find(memory, ""), std::nullopt);
}

TEST(Exports, WhatIsNoObjectHasNone) {
    const Memory memory = own_memory();
    const std::vector<char> zeroes(8192);
    EXPECT_FALSE(Exports::of(memory, 0));
    EXPECT_FALSE(Exports::of(memory, 16));
    EXPECT_FALSE(Exports::of(memory, reinterpret_cast<uint64_t>(zeroes.data())));
}

/// Every address gives other bytes, behind a header that looks right.
TEST(Exports, DamagedTablesAreSurvived) {
    const uint64_t base = base_of_libc();
    for (unsigned seed = 0; seed < 2000; ++seed) {
        std::minstd_rand random(seed);
        const Memory real = own_memory();
        const Memory damaged([&](uint64_t address, void* to, size_t bytes) -> size_t {
            if (!real.read(address, to, bytes)) return 0;
            for (size_t i = 0; address != base && i < bytes; ++i) {
                if (random() % 16 == 0) static_cast<char*>(to)[i] = static_cast<char>(random());
            }
            return bytes;
        });
        if (const auto exports = Exports::of(damaged, base)) exports->find(damaged, "getpid");
    }
}

}  // namespace
}  // namespace python
