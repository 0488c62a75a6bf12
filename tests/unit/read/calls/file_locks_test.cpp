// SPDX-License-Identifier: Apache-2.0
#include "read/calls/file_locks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace reader_test {
namespace {

using reader::FileId;
using reader::FileLock;
using reader::FileLockKind;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kLocks[] =
    "1: OFDLCK ADVISORY  WRITE -1 fe:00:11133490 0 EOF\n"
    "1: -> OFDLCK ADVISORY  WRITE -1 fe:00:11133490 0 EOF\n"
    "2: FLOCK  ADVISORY  READ 27834 fe:1a:34 0 EOF\n"
    "3: POSIX  ADVISORY  WRITE 27836 fe:00:11133478 200 299\n"
    "3: -> POSIX  ADVISORY  READ 27834 fe:00:11133478 250 259\n"
    "3:  -> POSIX  ADVISORY  READ 27835 fe:00:11133478 250 259\n"
    "4: LEASE  ACTIVE    READ 77 00:2d:5 0 EOF\n";

TEST(FileLocks, AreReadLineByLine) {
    const FileId first{0xfe, 0, 11133490};
    const FileId third{0xfe, 0, 11133478};
    EXPECT_THAT(reader::parse_file_locks(kLocks),
                ElementsAre(FileLock{false, FileLockKind::kOpenFile, true, -1, first},
                            FileLock{true, FileLockKind::kOpenFile, true, -1, first},
                            FileLock{false, FileLockKind::kFlock, false, 27834, {0xfe, 0x1a, 34}},
                            FileLock{false, FileLockKind::kProcess, true, 27836, third, 200, 299},
                            FileLock{true, FileLockKind::kProcess, false, 27834, third, 250, 259},
                            FileLock{true, FileLockKind::kProcess, false, 27835, third, 250, 259},
                            FileLock{false, FileLockKind::kUnknown, false, 77, {0, 0x2d, 5}}));
}

TEST(FileLocks, InLinesThatAreNoneAreLeftOut) {
    for (const char* const line :
         {"", "\n", "1:", "1: POSIX", "1: POSIX ADVISORY WRITE 1 fe:00:1 0", "x POSIX ADVISORY WRITE 1 fe:00:1 0 EOF",
          "1: POSIX ADVISORY ELSE 1 fe:00:1 0 EOF", "1: POSIX ADVISORY WRITE one fe:00:1 0 EOF",
          "1: POSIX ADVISORY WRITE 1 <none>:0 0 EOF", "1: POSIX ADVISORY WRITE 1 fe:00 0 EOF",
          "1: POSIX ADVISORY WRITE 1 fe:00:1 -4 EOF", "1: POSIX ADVISORY WRITE 1 fe:00:1 0 99999999999999999999",
          "1: -> POSIX ADVISORY WRITE 1 fe:00:1 0", "1: -> -> -> -> -> ->"}) {
        EXPECT_THAT(reader::parse_file_locks(line), IsEmpty()) << line;
    }
}

TEST(FileLocks, OfRandomBytesDoNoHarm) {
    std::mt19937 random(7);
    for (int round = 0; round < 2000; ++round) {
        std::string text(kLocks);
        for (int i = 0; i < 8; ++i) text[random() % text.size()] = static_cast<char>(random());
        reader::parse_file_locks(text);
    }
}

FileLock of_bytes(FileLockKind kind, bool exclusive, int64_t pid, uint64_t start, uint64_t end) {
    return {false, kind, exclusive, pid, {1, 2, 3}, start, end};
}

TEST(FileLocks, InTheWayAreThoseOfTheFileThatExcludeTheWantedOne) {
    const FileLock record = of_bytes(FileLockKind::kProcess, true, 10, 0, 9);
    const FileLock shared = of_bytes(FileLockKind::kProcess, false, 11, 5, 14);
    const FileLock open_file = of_bytes(FileLockKind::kOpenFile, true, -1, 20, 29);
    const FileLock flock = of_bytes(FileLockKind::kFlock, false, 12, 0, UINT64_MAX);
    FileLock waiting = record;
    waiting.waits = true;
    FileLock elsewhere = record;
    elsewhere.file.minor = 9;
    const std::vector<FileLock> all{record, shared, open_file, flock, waiting, elsewhere};
    const auto wanted = [&](FileLockKind kind, bool exclusive, uint64_t start, uint64_t end, int64_t pid = 99) {
        return reader::in_the_way(all, of_bytes(kind, exclusive, pid, start, end));
    };
    EXPECT_THAT(wanted(FileLockKind::kProcess, true, 9, 9), ElementsAre(record, shared));
    EXPECT_THAT(wanted(FileLockKind::kProcess, false, 0, UINT64_MAX), ElementsAre(record, open_file));
    EXPECT_THAT(wanted(FileLockKind::kProcess, true, 0, 9, 10), ElementsAre(shared)) << "its own is never in the way";
    EXPECT_THAT(wanted(FileLockKind::kOpenFile, true, 15, 20), ElementsAre(open_file));
    EXPECT_THAT(wanted(FileLockKind::kOpenFile, true, 10, 14, 10), ElementsAre(shared));
    EXPECT_THAT(wanted(FileLockKind::kFlock, true, 0, UINT64_MAX), ElementsAre(flock));
    EXPECT_THAT(wanted(FileLockKind::kFlock, false, 0, UINT64_MAX), IsEmpty());
    EXPECT_THAT(wanted(FileLockKind::kProcess, true, 15, 19), IsEmpty());
}

TEST(MountList, TellsTheDeviceOfAMount) {
    constexpr char kMounts[] =
        "24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n25 24 0:23 / /proc rw - proc proc rw\n26\n27 24 x / "
        "/\n";
    FileId id;
    EXPECT_TRUE(reader::find_device(kMounts, 25, id));
    EXPECT_EQ(id, (FileId{0, 23, 0}));
    EXPECT_TRUE(reader::find_device(kMounts, 24, id));
    EXPECT_EQ(id, (FileId{254, 0, 0}));
    for (const uint32_t mount : {1U, 26U, 27U}) EXPECT_FALSE(reader::find_device(kMounts, mount, id)) << mount;
}

}  // namespace
}  // namespace reader_test
