// SPDX-License-Identifier: Apache-2.0
#include "doctor/machine_facts.h"

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>

#include "launch/launch.h"
#include "read/kernel/proc.h"

namespace doctor {
namespace {

constexpr size_t kOwnStatusBytes = 8192;

bool takes_files(const std::string& path) {
    struct stat status = {};
    return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && access(path.c_str(), W_OK | X_OK) == 0;
}

Folder look_at_folder(const std::string& path) {
    struct statvfs room = {};
    Folder folder{path, takes_files(path), 0};
    if (statvfs(path.c_str(), &room) == 0) folder.free_bytes = uint64_t{room.f_bavail} * room.f_frsize;
    return folder;
}

std::vector<Folder> look_at_folders() {
    std::vector<Folder> folders;
    for (const std::string& path : launch::run_directory_parents()) folders.push_back(look_at_folder(path));
    return folders;
}

uint64_t limit_of(int resource) {
    rlimit limit = {};
    if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return kUnlimited;
    return limit.rlim_cur == RLIM_INFINITY ? kUnlimited : limit.rlim_cur;
}

}  // namespace

uint64_t status_number(const std::string& status, const std::string& name, int base) {
    const size_t line = status.find("\n" + name);
    if (line == std::string::npos) return 0;
    return std::strtoull(status.c_str() + line + 1 + name.size(), nullptr, base);
}

Machine look_at_machine() {
    Machine machine;
    machine.library = launch::find_library();
    machine.library_path_is_plain = launch::can_preload(machine.library);
    machine.library_file = launch::look_at_program(machine.library);
    machine.folders = look_at_folders();
    const char* const chosen = std::getenv("LOITER_DIR");
    if (chosen != nullptr) machine.chosen_folder = chosen;
    machine.chosen_is_usable = takes_files(machine.chosen_folder);
    machine.file_size_limit = limit_of(RLIMIT_FSIZE);
    machine.address_space_limit = limit_of(RLIMIT_AS);
    const std::string status = reader::read_small_file("/proc/self/status", kOwnStatusBytes);
    machine.has_proc = !status.empty();
    machine.seccomp = static_cast<int>(status_number(status, "Seccomp:", 10));
    machine.may_trace = (status_number(status, "CapEff:", 16) >> CAP_SYS_PTRACE & 1) != 0;
    machine.ptrace_scope = std::atoi(reader::read_small_file("/proc/sys/kernel/yama/ptrace_scope", 16).c_str());
    return machine;
}

}  // namespace doctor
