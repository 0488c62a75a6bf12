// SPDX-License-Identifier: Apache-2.0
//
// What the gallery's tests share: the programs in all their builds, how they are run under the
// command, and what is said of one leaked thread. Places are found by the marks in the sources.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/report.h"
#include "tests/support/target_runner.h"

namespace gallery {

using report::Json;
using report::Site;

/// How all programs were built once: their binaries' suffix, and the root of their sources. And how
/// they are run: under the command, or with the library preloaded and no command around them.
struct Build {
    std::string suffix;
    std::filesystem::path source_root;
    bool plain = false;
};
std::ostream& operator<<(std::ostream& out, const Build& build);
/// Every build in both ways.
std::vector<Build> all_builds();
/// Two of them in both ways, for what no build makes harder.
std::vector<Build> few_builds();

class Program {
public:
    Program(std::string name, Build build) : name_(std::move(name)), build_(std::move(build)) {}

    std::string path() const;
    bool runs_plainly() const { return build_.plain; }
    /// A place marked in the program's own source.
    Site site(std::string_view key) const;
    /// A place marked in one of the gallery's headers.
    Site site_in(const std::string& header, std::string_view key) const;
    /// How many threads this build of the program was made for.
    int thread_count() const;

private:
    std::filesystem::path source(const std::string& file) const;

    std::string name_;
    Build build_;
};

/// The report of a program that leaves threads behind when main returns; checks what all have in common.
Json report_of_leaky(const Program& program, const std::string& variant = "leaky");
/// The report of a program that hangs: at the command's timeout, or asked for by a signal.
Json report_of_stuck(const Program& program, const std::string& variant = "leaky");
/// The report that --watch gives of a program that hangs in exit().
Json report_of_watched_exit(const Program& program, const std::string& variant);
/// The report of a program that ends well and leaves nothing behind, but may have findings.
Json report_of_clean(const Program& program, const std::string& variant);
/// Runs a program that must leave nothing behind.
void expect_clean(const Program& program, const std::string& variant = "fixed");
/// What the program prints when it runs under the command.
std::string output_of(const Program& program, const std::string& variant);

struct Leaked {
    std::string state;
    bool timed = false;
    std::optional<Site> inside = {};   ///< innermost frame of the program, when `block` is its caller
    Site block;                        ///< the innermost of its own functions
    std::optional<Site> created = {};  ///< empty for main
    int created_by = 1;
};

/// State, block site and creation site of one thread of a report.
void expect_thread(const Json& report, int id, const Leaked& leaked);

/// One finding of one verdict about exactly these threads, in any order.
void expect_finding(const Json& report, const std::string& verdict, const std::string& certainty,
                    const std::set<int>& threads, const std::set<int>& behind = {});

/// A report of a live process accuses nobody of the mere fact that a thread waits.
bool is_of_live_process(const Json& report);
/// `verdicts` as report::verdicts has them, without the facts where the report is of a live process.
std::vector<std::string> applicable(const Json& report, std::vector<std::string> verdicts);

/// Numbers of all threads that a report lists.
std::set<int> listed_threads(const Json& report);
/// {first, ..., last}
std::set<int> numbers(int first, int last);

/// Base of all suites: one test for each build.
class GalleryTest : public testing::TestWithParam<Build> {
protected:
    Program program(const std::string& name) const { return {name, GetParam()}; }
};

}  // namespace gallery
