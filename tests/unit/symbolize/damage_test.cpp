// SPDX-License-Identifier: Apache-2.0
//
// Whatever is on disk: names may be missing or wrong, the symbolizer goes on.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "tests/unit/symbolize/bank.h"

namespace {

std::string contents(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
}

/// Names everything that there is in the library, from the file at `path`.
void name_all(const bank::Library& library, const std::string& path) {
    snapshot::Snapshot snapshot = bank::with_mutex(path, "", 0);
    const uint64_t bias = snapshot.modules.at(0).bias;
    snapshot::Stack stack;
    for (const auto& [site, offset] : library.sites) {
        stack.frames.push_back(bank::with_frame(path, "", offset).stacks.at(1).frames.at(0));
    }
    snapshot.stacks.push_back(stack);
    for (const auto& [name, address] : library.objects) {
        snapshot.threads.at(0).holds.push_back({.lock = {snapshot::LockKind::kMutex, bias + address, ""}});
    }

    symbolize::Symbolizer().name(snapshot);

    EXPECT_GE(snapshot.stacks.at(1).frames.size(), library.sites.size());
}

TEST(Damage, OfATruncatedModuleIsSurvivedAtEveryLength) {
    const bank::Folder folder;
    const bank::Library library("bank_o2.so");
    const std::string whole = contents(bank::built("bank_o2.so"));
    const std::string path = folder.path() / "bank.so";

    for (size_t length = 0; length < whole.size(); length += length < 256 ? 16 : whole.size() / 200) {
        bank::overwrite(path, whole.substr(0, length));
        name_all(library, path);
    }
}

TEST(Damage, OfATruncatedDebugFileIsSurvivedAtEveryLength) {
    const bank::Folder folder;
    const bank::Library library("bank_without_id_linked.so");
    const std::string whole = contents(bank::built("bank_o2.debug"));
    folder.put("bank_o2_linked.so", "bank.so");

    for (size_t length = 0; length < whole.size(); length += whole.size() / 100) {
        bank::overwrite(folder.path() / "bank_o2.debug", whole.substr(0, length));
        name_all(library, folder.path() / "bank.so");
    }
}

TEST(Damage, OfAnyByteIsSurvived) {
    const bank::Folder folder;
    const std::string path = folder.path() / "bank.so";
    for (const char* file : {"bank_o2.so", "bank_dwarf4.so"}) {
        const bank::Library library(file);
        const std::string whole = contents(bank::built(file));
        for (unsigned round = 0; round < 150; ++round) {
            std::mt19937 random(round);
            std::string damaged = whole;
            for (unsigned flips = 0; flips <= round; ++flips) {
                damaged[random() % damaged.size()] = static_cast<char>(random());
            }
            bank::overwrite(path, damaged);
            name_all(library, path);
        }
    }
}

}  // namespace
