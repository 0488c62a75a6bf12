// SPDX-License-Identifier: Apache-2.0
#include "read/kernel/mappings.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <iterator>

#include "read/kernel/numbers.h"
#include "read/kernel/proc.h"

namespace reader {

namespace {

constexpr size_t kMaxBytes = size_t{64} << 20;  // the kernel's default limit is 65530 mappings
constexpr size_t kMaxDeletedFiles = 4096;
constexpr std::string_view kDeleted = " (deleted)";

std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

/// Returns false when `visit` wants no more; `rest` keeps an unfinished line.
bool visit_lines(std::string& rest, const std::function<bool(const Mapping&)>& visit) {
    size_t begin = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', begin)) {
        const std::optional<Mapping> mapping = parse_mapping(std::string_view(rest).substr(begin, end - begin));
        if (mapping && !visit(*mapping)) return false;
        begin = end + 1;
    }
    rest.erase(0, begin);
    return true;
}

/// Returns errno; `total` counts the bytes that were there.
int visit_file(const std::string& path, const std::function<bool(const Mapping&)>& visit, size_t& total) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno;
    std::string rest;
    char block[16 * 1024];
    ssize_t got = 0;
    int error = 0;
    while (total < kMaxBytes && (got = read(descriptor, block, sizeof(block))) > 0) {
        total += static_cast<size_t>(got);
        rest.append(block, static_cast<size_t>(got));
        if (!visit_lines(rest, visit)) break;
    }
    if (got < 0) error = errno;
    close(descriptor);
    return error;
}

const snapshot::Module* module_at(const std::vector<snapshot::Module>& modules, uint64_t address) {
    const auto after =
        std::upper_bound(modules.begin(), modules.end(), address,
                         [](uint64_t wanted, const snapshot::Module& module) { return wanted < module.start; });
    return after != modules.begin() && address < std::prev(after)->end ? &*std::prev(after) : nullptr;
}

}  // namespace

std::optional<Mapping> parse_mapping(std::string_view line) {
    Mapping mapping;
    const std::string_view range = take_word(line);
    const size_t dash = range.find('-');
    const std::string_view rights = take_word(line);
    const std::string_view offset = take_word(line);
    take_word(line);  // device
    if (dash == std::string_view::npos || !is_number(range.substr(0, dash), 16, mapping.start) ||
        !is_number(range.substr(dash + 1), 16, mapping.end) || rights.size() != 4 ||
        !is_number(offset, 16, mapping.offset) || !is_number(take_word(line), 10, mapping.inode)) {
        return std::nullopt;
    }
    mapping.readable = rights[0] == 'r';
    mapping.writable = rights[1] == 'w';
    mapping.executable = rights[2] == 'x';
    mapping.shared = rights.back() == 's';
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.ends_with(kDeleted)) {
        mapping.deleted = true;
        line.remove_suffix(kDeleted.size());
    }
    mapping.path = line;
    return mapping;
}

int visit_mappings(uint32_t pid, const std::function<bool(const Mapping&)>& visit) {
    size_t total = 0;
    int error = visit_file(proc_path(pid, "maps"), visit, total);
    if (error != 0 || total > 0) return error;
    const uint32_t other = live_task(pid);
    if (other != 0) error = visit_file(task_path(pid, other, "maps"), visit, total);
    return error == 0 && total == 0 ? ESRCH : error;
}

std::map<std::string, std::string> deleted_files(uint32_t pid, const std::vector<snapshot::Module>& modules) {
    std::map<std::string, std::string> files;
    const uint32_t task = live_task(pid);
    const std::string exe = task_path(pid, task, "exe");
    const std::string program = read_link(exe);
    visit_mappings(pid, [&](const Mapping& mapping) {
        if (!mapping.deleted || mapping.offset != 0 || mapping.inode == 0 || !mapping.path.starts_with('/'))
            return true;
        const std::string path = mapping.path + std::string(kDeleted);
        char range[40];
        std::snprintf(range, sizeof(range), "map_files/%" PRIx64 "-%" PRIx64, mapping.start, mapping.end);
        const std::string file = files.try_emplace(path, path == program ? exe : proc_path(pid, range)).first->second;
        const snapshot::Module* const module = module_at(modules, mapping.start);
        // What was loaded there before may be known instead: only a build-id tells.
        if (module != nullptr && !module->build_id.empty()) files.try_emplace(module->path, file);
        return files.size() < kMaxDeletedFiles;
    });
    return files;
}

std::string why_hidden(int error) {
    // The process is there: it has been looked for in another way.
    return error == ENOENT ? "there is no /proc here, or it does not show it" : std::strerror(error);
}

}  // namespace reader
