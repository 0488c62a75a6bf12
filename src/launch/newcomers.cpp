// SPDX-License-Identifier: Apache-2.0
#include "launch/newcomers.h"

#include <unistd.h>

#include <string_view>

#include "read/kernel/proc.h"

namespace launch {
namespace {

constexpr size_t kEnvironmentBytes = size_t{8} << 20;  // more than any kernel lets a program be given

/// Its new memory has no environment yet.
bool is_executing(uint32_t pid) {
    const auto stat = reader::stat_of_process(pid);
    if (!stat || stat->state == 'Z' || stat->state == 'X' || stat->environment_end != 0) return false;
    // Threads of the kernel have no program.
    return !reader::read_link(reader::proc_path(pid, "exe")).empty();
}

/// Each variable ends with a null character, and begins after one.
bool has_variable(const std::string& variables, const std::string& variable) {
    const std::string_view wanted(variable.c_str(), variable.size() + 1);
    const size_t at = variables.find(wanted);
    return at != std::string::npos && (at == 0 || variables[at - 1] == '\0');
}

std::string variables_of(uint32_t pid) {
    return reader::read_file(reader::proc_path(pid, "environ"), kEnvironmentBytes);
}

}  // namespace

bool was_given(const std::string& variable, uint32_t pid) {
    return has_variable(variables_of(pid), variable);
}

bool has_newcomer(const std::string& variable, const std::function<bool(uint32_t)>& is_of_others) {
    for (const uint32_t pid : reader::process_ids()) {
        if (pid == static_cast<uint32_t>(getpid()) || is_of_others(pid)) continue;
        const std::string variables = variables_of(pid);
        if (variables.empty() ? is_executing(pid) : has_variable(variables, variable)) return true;
    }
    return false;
}

}  // namespace launch
