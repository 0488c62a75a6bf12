// SPDX-License-Identifier: Apache-2.0
//
// Names kept on disk: they come back as they were, never from a file that is not whole, never for
// another module, and never in the way.
#include "symbolize/name_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <thread>

#include "tests/unit/symbolize/bank.h"

namespace {

namespace fs = std::filesystem;
using symbolize::ModuleIdentity;
using symbolize::NameCache;
using symbolize::Names;
using symbolize::Place;
using testing::ElementsAre;

const ModuleIdentity kModule{"/opt/bank.so", bank::kIdO2, ""};

Names some_names() {
    Names names;
    names.places[0x1234] = {Place{"inner", "/src/bank.cpp", 7, true}, Place{"outer()", "", 0, false}};
    names.places[0x5678] = {};
    names.objects[{0x4000, 40}] = "g_ledger";
    return names;
}

std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The one file in `folder`.
fs::path only_file(const fs::path& folder) {
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 1);
    return fs::directory_iterator(folder)->path();
}

std::optional<Names> load(const NameCache& cache, const ModuleIdentity& module) {
    return cache.load(module, cache.witness(module));
}

void save(const NameCache& cache, const ModuleIdentity& module) {
    cache.save(module, some_names(), cache.witness(module));
}

TEST(NameCache, GivesBackWhatWasSaved) {
    const bank::Folder folder;
    const NameCache cache(folder.path() / "made", "1");

    EXPECT_FALSE(load(cache, kModule));
    save(cache, kModule);
    const std::optional<Names> names = load(cache, kModule);

    ASSERT_TRUE(names);
    EXPECT_EQ(names->places, some_names().places);
    EXPECT_EQ(names->objects, some_names().objects);
    EXPECT_EQ(fs::status(folder.path() / "made").permissions(), fs::perms::owner_all);
}

TEST(NameCache, IsOfOneModuleOneVersionAndTheFilesOfThen) {
    const bank::Folder folder;
    const bank::Folder root;
    const std::string path = root.put("bank_o2.so", "opt/bank.so");
    const ModuleIdentity module{path, bank::kIdO2, ""};
    save(NameCache(folder.path(), "1"), module);

    EXPECT_TRUE(load(NameCache(folder.path(), "1"), module));
    EXPECT_FALSE(load(NameCache(folder.path(), "2"), module));
    EXPECT_FALSE(load(NameCache(folder.path(), "1"), {path, bank::kIdO0, ""}));
    root.put("bank_o2.debug", "opt/bank.so.debug");
    EXPECT_FALSE(load(NameCache(folder.path(), "1"), module)) << "debug information has come";
}

TEST(NameCache, TakesNothingFromAFileThatIsNotWhole) {
    const bank::Folder folder;
    const NameCache cache(folder.path(), "1");
    save(cache, kModule);
    const fs::path file = only_file(folder.path());
    const std::string whole = content(file);
    std::mt19937 random(3);

    for (size_t length = 0; length < whole.size(); ++length) {
        bank::overwrite(file, whole.substr(0, length));
        EXPECT_FALSE(load(cache, kModule)) << "cut to " << length;
    }
    for (size_t at = 0; at < whole.size(); ++at) {
        std::string damaged = whole;
        damaged[at] = static_cast<char>(damaged[at] ^ (1 + random() % 255));
        bank::overwrite(file, damaged);
        EXPECT_FALSE(load(cache, kModule)) << "changed at " << at;
    }
    bank::overwrite(file, whole);
    EXPECT_TRUE(load(cache, kModule));
}

TEST(NameCache, SurvivesLiesWithARightSum) {
    const bank::Folder folder;
    const NameCache cache(folder.path(), "1");
    save(cache, kModule);
    const fs::path file = only_file(folder.path());
    const std::string whole = content(file);
    const auto sum = [](std::string_view bytes) {
        uint64_t hash = 0xcbf29ce484222325;
        for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
        return hash;
    };
    constexpr size_t kHead = 15;
    constexpr size_t kPayload = kHead + 16;
    size_t refused = 0;

    // Counts and lengths of every size.
    for (size_t at = kPayload; at < whole.size(); ++at) {
        std::string lying = whole;
        lying[at] = '\x7f';
        const uint64_t right = sum(std::string_view(lying).substr(kPayload));
        lying.replace(kHead + 8, 8, std::string(reinterpret_cast<const char*>(&right), 8));
        bank::overwrite(file, lying);
        refused += load(cache, kModule) ? 0 : 1;
    }

    EXPECT_GT(refused, 20U);
}

/// As Rust's own programs are linked.
TEST(NameCache, KeepsNothingOfAModuleWithoutABuildId) {
    const bank::Folder folder;
    const NameCache cache(folder.path(), "1");
    const ModuleIdentity module{"/opt/bank.so", "", ""};

    save(cache, module);

    EXPECT_FALSE(load(cache, module));
}

TEST(NameCache, KeepsNothingWhereItCannotWrite) {
    const bank::Folder folder;
    bank::overwrite(folder.path() / "file", "");

    save(NameCache(folder.path() / "file", "1"), kModule);
    save(NameCache(folder.path() / "file/below", "1"), kModule);
    save(NameCache("", "1"), kModule);
    save(NameCache(folder.path() / "made", "1"), {"/opt/bank.so", "../../etc/passwd", ""});

    EXPECT_EQ(only_file(folder.path()), folder.path() / "file");
}

TEST(NameCache, IsWholeWhileManyWriteIt) {
    const bank::Folder folder;
    const NameCache cache(folder.path(), "1");
    save(cache, kModule);
    std::vector<std::thread> writers;
    for (int writer = 0; writer < 4; ++writer) {
        writers.emplace_back([&] {
            for (int round = 0; round < 50; ++round) save(cache, kModule);
        });
    }

    for (int look = 0; look < 200; ++look) EXPECT_TRUE(load(cache, kModule));
    for (std::thread& writer : writers) writer.join();

    EXPECT_EQ(only_file(folder.path()).extension(), ".names");
}

TEST(NameCache, GivesASymbolizerItsNamesWithoutTheModule) {
    const bank::Folder folder;
    const bank::Folder root;
    root.put("bank_o2.so", "opt/bank.so");
    const symbolize::Options options{.cache_folder = folder.path(), .cache_version = "1"};
    auto snapshot = bank::with_frame("/opt/bank.so", bank::kIdO2, bank::Library("bank_o2.so").sites.at("deposit"));
    snapshot.process.root = root.path();
    const std::vector<std::string> first = bank::named_frames(snapshot, options);
    ASSERT_NE(first.at(0), "");

    // What it says now can come from there alone.
    const fs::path kept = only_file(folder.path());
    const auto written = fs::last_write_time(kept);
    EXPECT_EQ(bank::named_frames(snapshot, options), first);
    EXPECT_EQ(fs::last_write_time(kept), written) << "nothing new was looked up";
}

TEST(NameCache, DoesNotTakeFilesThatComeDuringTheLookUpsForThoseOfTheNames) {
    const bank::Folder folder;
    const bank::Folder root;
    root.put("bank_o2_stripped.so", "opt/bank.so");
    symbolize::Options options{.cache_folder = folder.path(), .cache_version = "1"};
    auto snapshot = bank::with_frame("/opt/bank.so", bank::kIdO2, bank::Library("bank_o2.so").sites.at("deposit"));
    snapshot.process.root = root.path();
    const std::vector<std::string> before = bank::named_frames(snapshot, {});

    const std::string id = bank::kIdO2;
    options.progress = [&](size_t done, size_t all) {
        if (done == all)
            root.put("bank_o2.debug", "usr/lib/debug/.build-id/" + id.substr(0, 2) + "/" + id.substr(2) + ".debug");
    };
    EXPECT_EQ(bank::named_frames(snapshot, options), before);
    options.progress = nullptr;

    const std::vector<std::string> after = bank::named_frames(snapshot, {});
    EXPECT_NE(after, before) << "the debug file says nothing: this test shows nothing";
    EXPECT_EQ(bank::named_frames(snapshot, options), after);
}

}  // namespace
