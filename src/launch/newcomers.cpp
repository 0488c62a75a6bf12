// SPDX-License-Identifier: Apache-2.0
#include "launch/newcomers.h"

#include <dirent.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string_view>
#include <system_error>

namespace launch {
namespace {

/// Empty too for what is gone, has ended, or is not ours to read.
std::string content_of(uint32_t pid, const char* file) {
    std::ifstream stream("/proc/" + std::to_string(pid) + "/" + file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Its new memory has no environment yet: the end of that, field 51 of its state, is 0.
bool is_executing(uint32_t pid) {
    constexpr int kState = 3;
    constexpr int kEnvironmentEnd = 51;
    const std::string stat = content_of(pid, "stat");
    // The name in parentheses may hold anything, parentheses too.
    const size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return false;
    std::istringstream fields(stat.substr(name_end + 1));
    std::string field;
    for (int number = kState; fields >> field; ++number) {
        if (number == kState && (field == "Z" || field == "X")) return false;
        if (number < kEnvironmentEnd) continue;
        std::error_code error;
        // Threads of the kernel have no program.
        return field == "0" && !std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/exe", error).empty();
    }
    return false;
}

/// Each variable ends with a null character, and begins after one.
bool has_variable(const std::string& variables, const std::string& variable) {
    const std::string_view wanted(variable.c_str(), variable.size() + 1);
    const size_t at = variables.find(wanted);
    return at != std::string::npos && (at == 0 || variables[at - 1] == '\0');
}

}  // namespace

bool has_newcomer(const std::string& directory, const std::function<bool(uint32_t)>& is_of_others) {
    const std::string variable = "LOITER_DIR=" + directory;
    const std::unique_ptr<DIR, int (*)(DIR*)> processes(opendir("/proc"), closedir);
    if (processes == nullptr) return false;
    while (const dirent* const entry = readdir(processes.get())) {
        const auto pid = static_cast<uint32_t>(std::strtoul(entry->d_name, nullptr, 10));
        if (pid == 0 || pid == static_cast<uint32_t>(getpid()) || is_of_others(pid)) continue;
        const std::string variables = content_of(pid, "environ");
        if (variables.empty() ? is_executing(pid) : has_variable(variables, variable)) return true;
    }
    return false;
}

}  // namespace launch
