// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the formats share.
#pragma once

#include <string>

#include "tests/e2e/cli/cli.h"
#include "tests/support/report.h"

namespace formats {

using cli::Words;

/// Empty: valid; else what the checker says.
inline std::string complaint_about_junit(const std::string& file) {
    const support::Outcome checked = support::run({{"xmllint", "--noout", "--schema", SCHEMAS "/junit.xsd", file}});
    return checked.status == 0 ? "" : checked.errors;
}

inline std::string complaint_about_sarif(const std::string& file) {
    const support::Outcome checked =
        support::run({{"python3", "-B", VALIDATE_JSON, SCHEMAS "/sarif-2.1.0.json", file}});
    return checked.status == 0 ? "" : checked.output + checked.errors + " ";
}

/// `loiter` in the folder of the sources: places are below it, whether or not it is a checkout.
inline support::Outcome run_in_tree(const Words& arguments) {
    support::Command command = cli::loiter(arguments);
    command.directory = SOURCE_ROOT;
    return support::run(command);
}

/// The line of a marked place in the deadlock's source.
inline int line_of(const std::string& site) {
    return report::line_of(report::read_text(DEADLOCK_SOURCE), "SITE(" + site + ")");
}

}  // namespace formats
