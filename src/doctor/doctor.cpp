// SPDX-License-Identifier: Apache-2.0
#include "doctor/doctor.h"

#include <algorithm>

#include "doctor/command_checks.h"
#include "doctor/process_checks.h"

namespace doctor {
namespace {

size_t count(const std::vector<Check>& checks, Mark mark) {
    return static_cast<size_t>(
        std::count_if(checks.begin(), checks.end(), [&](const Check& check) { return check.mark == mark; }));
}

/// `what` can be observed, or why not: the first reason is the one to deal with first.
std::string verdict(const Diagnosis& diagnosis, const std::string& what, const std::string& next) {
    for (const Check& check : diagnosis.checks) {
        if (check.mark == Mark::kNo) return what + " cannot be observed: " + check.reason;
    }
    const size_t limits = count(diagnosis.checks, Mark::kWarn);
    const std::string within = limits == 0   ? ""
                               : limits == 1 ? ", with a limit named above"
                                             : ", with limits named above";
    return what + next + within;
}

}  // namespace

bool Diagnosis::can_be_observed() const {
    return count(checks, Mark::kNo) == 0;
}

Diagnosis diagnose_command(const std::string& command) {
    Diagnosis diagnosis{command, 0, check_command(look_at_command(command)), ""};
    diagnosis.verdict = verdict(diagnosis, command, " can be observed by loiter run");
    return diagnosis;
}

Diagnosis diagnose_process(uint32_t pid) {
    Diagnosis diagnosis{"", pid, check_process(look_at_process(pid)), ""};
    diagnosis.verdict = verdict(diagnosis, "process " + std::to_string(pid), " is observed");
    return diagnosis;
}

const char* word(Mark mark) {
    switch (mark) {
        case Mark::kOk: return "ok";
        case Mark::kWarn: return "warn";
        case Mark::kNo: return "no";
    }
    return "";
}

}  // namespace doctor
