// SPDX-License-Identifier: Apache-2.0
#include "diagnosis.h"

#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "exit_status.h"
#include "output.h"
#include "render/render.h"

namespace command {
namespace {

using doctor::Check;
using doctor::Diagnosis;
using doctor::Mark;

const char* color_of(Mark mark) {
    switch (mark) {
        case Mark::kOk: return "\033[32m";
        case Mark::kWarn: return "\033[33m";
        case Mark::kNo: return "\033[1;31m";
    }
    return "";
}

std::string line_of(const Check& check, bool colored) {
    const std::string mark = fmt::format("{:<5}", doctor::word(check.mark));
    const std::string line = fmt::format("{} {:<12} {}", colored ? color_of(check.mark) + mark + "\033[0m" : mark,
                                         check.about, render::printable(check.reason));
    return line + (check.advice.empty() ? "" : "; what to do: " + render::printable(check.advice)) + "\n";
}

}  // namespace

std::string diagnosis_text(const Diagnosis& diagnosis, bool colored) {
    std::string text;
    for (const Check& check : diagnosis.checks) text += line_of(check, colored);
    return text + "loiter: " + render::printable(diagnosis.verdict) + "\n";
}

std::string diagnosis_object(const Diagnosis& diagnosis) {
    using nlohmann::ordered_json;
    ordered_json checks = ordered_json::array();
    for (const Check& check : diagnosis.checks) {
        checks.push_back({{"about", check.about},
                          {"mark", doctor::word(check.mark)},
                          {"reason", check.reason},
                          {"advice", check.advice.empty() ? ordered_json() : ordered_json(check.advice)}});
    }
    const ordered_json object = {
        {"schema", "loiter-doctor/1"},
        {"command", diagnosis.command.empty() ? ordered_json() : ordered_json(diagnosis.command)},
        {"pid", diagnosis.pid == 0 ? ordered_json() : ordered_json(diagnosis.pid)},
        {"can_be_observed", diagnosis.can_be_observed()},
        {"checks", checks},
        {"verdict", diagnosis.verdict}};
    return render::printable_json(object.dump(-1, ' ', false, ordered_json::error_handler_t::replace)) + "\n";
}

int diagnose(const Options& options) {
    Outputs outputs(options, STDOUT_FILENO);
    const auto pid = parse_pid(options.source);
    const Diagnosis diagnosis = pid ? doctor::diagnose_process(*pid) : doctor::diagnose_command(options.source);
    const bool written = outputs.write(diagnosis.pid, [&](Format format, bool colored) {
        return format == Format::kJson ? diagnosis_object(diagnosis) : diagnosis_text(diagnosis, colored);
    });
    return written && diagnosis.can_be_observed() ? 0 : kCannot;
}

}  // namespace command
