// SPDX-License-Identifier: Apache-2.0
//
// The same for the locks and channels of Rust's standard library, where there is a rustc.
#include "tests/e2e/futex/waits.h"

namespace waits {
namespace {

const std::string kSource = std::string(WAIT_SOURCES) + "/rust_waits.rs";

class RustWait : public testing::TestWithParam<Case> {
protected:
    void SetUp() override {
        if (!HAS_RUSTC) GTEST_SKIP() << "no rustc when the build was configured: apt-get install rustc";
    }
};

TEST_P(RustWait, ThatIsLeftBehindIsBlocked) {
    const std::string& name = GetParam().name;

    const Json report = report_of(GetParam(), "leaky", 86);

    for (const std::string& verdict : report::verdicts(report)) EXPECT_EQ(verdict, "blocked fact");
    EXPECT_EQ(report.at("counts").at("blocked"), name == "scope" ? 2 : 1);
    expect_futex_wait(report, 2, GetParam().state, false, report::site_of(kSource, name),
                      report::site_of(kSource, "created-" + name));
    expect_futex_name(report, GetParam());
}

TEST_P(RustWait, ThatIsLetGoIsClean) {
    expect_clean(GetParam());
}

/// By how the compiler mangles names.
class RustRwlock : public testing::TestWithParam<const char*> {};

/// Readers and writers wait on different words of it.
TEST_P(RustRwlock, IsOneObjectForReadersAndWriters) {
    if (!HAS_RUSTC) GTEST_SKIP() << "no rustc when the build was configured: apt-get install rustc";

    const Json report = report_of({GetParam(), "readers-and-writer"}, "leaky", 86);

    const Json& writer = report::thread(report, 2);
    const Json& reader = report::thread(report, 3);
    EXPECT_EQ(writer.at("state"), "rust rwlock write");
    EXPECT_EQ(reader.at("state"), "rust rwlock read");
    for (const char* const field : {"kind", "address"}) {
        EXPECT_EQ(writer.at("waits_for").at(field), reader.at("waits_for").at(field)) << field;
    }
    for (const Json& thread : {writer, reader}) {
        EXPECT_THAT(report::text_of(thread.at("waits_for").at("name")), "rust_waits::RWLOCK") << thread.dump(1);
    }
    EXPECT_THAT(report::text_of(reader.at("waits_for").at("detail")),
                testing::HasSubstr("locked by a writer, readers wait"));
}

INSTANTIATE_TEST_SUITE_P(Of, RustRwlock, testing::Values("rust_waits", "rust_waits_v0"),
                         [](const auto& program) { return std::string(program.param); });

INSTANTIATE_TEST_SUITE_P(Of, RustWait,
                         testing::Values(Case{"rust_waits", "mutex", "MUTEX", "rust mutex"},
                                         Case{"rust_waits", "read", "RWLOCK", "rust rwlock read"},
                                         Case{"rust_waits", "write", "RWLOCK", "rust rwlock write"},
                                         Case{"rust_waits", "condition", "CONDVAR", "rust condvar"},
                                         Case{"rust_waits", "scope", "", "rust scope join"},
                                         Case{"rust_waits", "receive", "", "rust channel"},
                                         Case{"rust_waits", "barrier", "", "rust barrier"},
                                         Case{"rust_waits", "park", "", "rust park"}),
                         name_of);

}  // namespace
}  // namespace waits
