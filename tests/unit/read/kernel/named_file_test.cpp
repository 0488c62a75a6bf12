// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/named_file.h"

#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/read/recording_writer.h"

namespace reader_test {
namespace {

bool opens(const std::string& path) {
    const int descriptor = reader::open_named_file(path);
    if (descriptor >= 0) close(descriptor);
    return descriptor >= 0;
}

TEST(NamedFile, IsARegularOne) {
    const TemporaryFolder folder;
    std::ofstream(folder.path() + "/file") << "x";
    ASSERT_EQ(symlink("file", (folder.path() + "/link").c_str()), 0);

    EXPECT_TRUE(opens(folder.path() + "/file"));
    EXPECT_TRUE(opens(folder.path() + "/link"));
    EXPECT_TRUE(opens("/proc/self/exe"));
    EXPECT_FALSE(opens(folder.path()));
    EXPECT_FALSE(opens(folder.path() + "/gone"));
    EXPECT_FALSE(opens(""));
}

TEST(NamedFile, IsNoneOfTheKernels) {
    EXPECT_FALSE(opens("/proc/self/maps"));
    EXPECT_FALSE(opens("/sys/kernel/mm/transparent_hugepage/enabled"));
    EXPECT_FALSE(opens("/dev/null"));
}

TEST(NamedFile, OfAnotherKindIsNotEvenOpened) {
    const TemporaryFolder folder;
    const std::string pipe = folder.path() + "/pipe";
    ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
    const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    ASSERT_GE(inotify_add_watch(watch, pipe.c_str(), IN_OPEN), 0);

    EXPECT_FALSE(opens(pipe));

    char event[4096];
    EXPECT_EQ(read(watch, event, sizeof(event)), -1) << "somebody who waits at the pipe would go on";
    close(watch);
}

}  // namespace
}  // namespace reader_test
