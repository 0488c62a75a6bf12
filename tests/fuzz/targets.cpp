// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/target.h"

namespace fuzz {

namespace {

constexpr size_t kKilo = 1024;

constexpr Target kTargets[] = {
    {"recording", run_recording, mutate_recording, 96 * kKilo, 400},
    {"core", run_core, nullptr, 128 * kKilo, 1000},
    {"module", run_module, nullptr, 32 * kKilo, 400},
    {"names", run_names, nullptr, 12 * kKilo, 150},
    {"command_line", run_command_line, nullptr, kKilo, 2000},
    {"loiter_options", run_loiter_options, nullptr, 4 * kKilo, 150000},
    {"suppressions", run_suppressions, nullptr, 2 * kKilo, 20000},
    {"baseline", run_baseline, nullptr, 4 * kKilo, 30000},
    {"saved_report", run_saved_report, nullptr, 32 * kKilo, 20000},
};

}  // namespace

std::span<const Target> targets() {
    return kTargets;
}

void expect(bool holds, std::string_view what, std::string_view shown) {
    if (holds) return;
    std::fprintf(stderr, "does not hold: %.*s\n%.*s\n", static_cast<int>(what.size()), what.data(),
                 static_cast<int>(shown.size()), shown.data());
    std::abort();
}

}  // namespace fuzz
