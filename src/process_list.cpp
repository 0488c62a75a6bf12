// SPDX-License-Identifier: Apache-2.0
#include "process_list.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <system_error>

#include "exit_status.h"
#include "launch/launch.h"
#include "output.h"
#include "render/render.h"

namespace command {
namespace {

constexpr double kKeptSeconds = 7.0 * 24 * 3600;

std::string size_word(uint64_t bytes) {
    constexpr uint64_t kMebibyte = 1U << 20;
    if (bytes < kMebibyte) return fmt::format("{}K", (bytes + 1023) / 1024);
    return fmt::format("{:.1f}M", static_cast<double>(bytes) / kMebibyte);
}

/// Neither blocked nor ended.
uint32_t alive_in(const reader::Found& found) {
    const uint32_t others = found.blocked + found.unjoined;
    return found.threads > others ? found.threads - others : 0;
}

std::string command_line(const reader::Found& found) {
    if (!found.readable) return found.path + " (not readable)";
    if (found.command.empty()) return render::printable(found.exe);
    std::string line;
    for (const std::string& argument : found.command) line += (line.empty() ? "" : " ") + argument;
    return render::printable(line);
}

/// Equal for one file, by whatever path and in whatever mount namespace; a recording may be without a name.
std::string identity_of(const std::string& path) {
    struct stat status = {};
    if (stat(path.c_str(), &status) != 0) return path;
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

/// Throws UsageError.
void check_folder(const std::string& folder) {
    std::error_code error;
    if (std::filesystem::directory_iterator(folder, error); error)
        throw UsageError("--dir: " + folder + " cannot be read: " + error.message());
}

std::string canonical(const std::string& path) {
    std::error_code error;
    const std::string real = std::filesystem::canonical(path, error).string();
    return error ? path : real;
}

}  // namespace

std::vector<reader::Found> all_recordings(const std::string& folder) {
    std::vector<std::string> folders = reader::recording_directories();
    if (!folder.empty()) folders.push_back(folder);
    const std::vector<reader::Found> mapped = reader::find_mapped_recordings();
    for (const reader::Found& found : mapped) {
        if (!found.path.starts_with("/") || found.path.starts_with("/proc/")) continue;
        folders.push_back(std::filesystem::path(found.path).parent_path().string());
    }
    std::vector<reader::Found> result;
    std::set<std::string> looked_at;
    std::set<std::string> listed;
    for (const std::string& one : folders) {
        if (!looked_at.insert(canonical(one)).second) continue;
        for (reader::Found& found : reader::find_recordings(one)) {
            listed.insert(identity_of(found.path));
            result.push_back(std::move(found));
        }
    }
    for (const reader::Found& found : mapped) {
        if (listed.insert(identity_of(found.path)).second) result.push_back(found);
    }
    std::stable_sort(result.begin(), result.end(),
                     [](const reader::Found& a, const reader::Found& b) { return a.age_seconds < b.age_seconds; });
    return result;
}

std::string last_left_behind() {
    const std::vector<std::string> runs = launch::run_directories();
    const std::vector<std::string> abandoned = launch::abandoned_run_directories();
    const auto is_in = [](const std::string& folder, const std::vector<std::string>& folders) {
        return std::find(folders.begin(), folders.end(), folder) != folders.end();
    };
    for (const reader::Found& found : all_recordings()) {
        if (!found.readable || !found.path.starts_with("/")) continue;
        const std::string folder = std::filesystem::path(found.path).parent_path().string();
        if (is_in(folder, abandoned)) return folder;
        // A run under way tells of its processes itself, and of others that live dump does.
        if (!found.live && !is_in(folder, runs)) return found.path;
    }
    throw reader::Error("nothing was left behind: no recording of a dead process in " +
                        fmt::format("{}", fmt::join(reader::recording_directories(), ", ")));
}

size_t prune_recordings() {
    const std::vector<std::string> runs = launch::run_directories();
    size_t removed = 0;
    for (const std::string& folder : reader::recording_directories()) {
        const bool is_of_run = std::find(runs.begin(), runs.end(), folder) != runs.end();
        if (!is_of_run) removed += reader::prune(folder, kKeptSeconds, reader::kKeptRecordings);
    }
    // Each holds few: the limit is for all of them. Those of runs under way are their own business.
    size_t left = reader::kKeptRecordings;
    for (const std::string& folder : launch::abandoned_run_directories()) {
        removed += reader::prune(folder, kKeptSeconds, left);
        left -= std::min(left, reader::find_recordings(folder).size());
    }
    launch::remove_unused_run_directories();
    return removed;
}

std::string process_table(const std::vector<reader::Found>& recordings) {
    std::string table = fmt::format("{:>10}  {:<7}  {:>7}  {:>7}  {:>7}  {:>7}  {:>8}  {:>7}  {}\n", "PID", "STATE",
                                    "AGE", "THREADS", "BLOCKED", "ALIVE", "UNJOINED", "SIZE", "COMMAND");
    for (const reader::Found& found : recordings) {
        table +=
            fmt::format("{:>10}  {:<7}  {:>7}  {:>7}  {:>7}  {:>7}  {:>8}  {:>7}  {}\n", found.pid,
                        found.live ? "running" : "dead", render::duration(found.age_seconds), found.threads,
                        found.blocked, alive_in(found), found.unjoined, size_word(found.bytes), command_line(found));
    }
    return table;
}

std::string process_objects(const std::vector<reader::Found>& recordings) {
    std::string lines;
    for (const reader::Found& found : recordings) {
        nlohmann::ordered_json object = {{"pid", found.pid},
                                         {"state", found.live ? "running" : "dead"},
                                         {"age_seconds", found.age_seconds},
                                         {"threads", found.threads},
                                         {"blocked", found.blocked},
                                         {"alive", alive_in(found)},
                                         {"unjoined", found.unjoined},
                                         {"bytes", found.bytes},
                                         {"readable", found.readable},
                                         {"exe", found.exe},
                                         {"command", found.command},
                                         {"recording", found.path}};
        lines += render::printable_json(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)) +
                 "\n";
    }
    return lines;
}

int list_processes(const Options& options) {
    if (!options.directory.empty()) check_folder(options.directory);
    Outputs outputs(options, STDOUT_FILENO);
    if (options.prune) {
        const size_t removed = prune_recordings();
        const std::string line = fmt::format("removed {} recording{}\n", removed, removed == 1 ? "" : "s");
        return outputs.write(0, [&](Format, bool) { return line; }) ? 0 : kCannot;
    }
    const std::vector<reader::Found> recordings = all_recordings(options.directory);
    const auto list = [&](Format format, bool) {
        return format == Format::kJson ? process_objects(recordings) : process_table(recordings);
    };
    return outputs.write(0, list) ? 0 : kCannot;
}

}  // namespace command
