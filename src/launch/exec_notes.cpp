// SPDX-License-Identifier: Apache-2.0
#include "launch/exec_notes.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "launch/program_file.h"
#include "read/read.h"

namespace launch {
namespace {

constexpr char kScrubbed[] = "started without LD_PRELOAD or LOITER_DIR";
constexpr char kNoRecording[] = "it left no recording";

struct NoteName {
    uint32_t pid = 0;
    uint32_t run = 0;
};

/// What follows the prefix: PID-RUN-...
std::optional<NoteName> parse(const std::string& name) {
    NoteName parsed;
    const char* const end = name.data() + name.size();
    const auto pid = std::from_chars(name.data() + std::string_view(reader::kExecNotePrefix).size(), end, parsed.pid);
    if (pid.ec != std::errc() || pid.ptr == end) return std::nullopt;
    const auto run = std::from_chars(pid.ptr + 1, end, parsed.run);
    if (run.ec != std::errc()) return std::nullopt;
    return parsed;
}

std::string target_of(const std::string& link) {
    std::error_code error;
    return std::filesystem::read_symlink(link, error).string();
}

}  // namespace

bool ExecNotes::is_note(const std::string& name) {
    return name.starts_with(reader::kExecNotePrefix);
}

std::vector<std::string> ExecNotes::all() const {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory_, error), end; !error && entry != end;
         entry.increment(error)) {
        std::string name = entry->path().filename().string();
        if (is_note(name)) names.push_back(std::move(name));
    }
    return names;
}

void ExecNotes::take(const std::string& name) {
    const auto parsed = parse(name);
    if (!parsed || parsed->run != run_) return;
    const std::string text = target_of(directory_ + "/" + name);
    if (text.size() < 2) return;  // taken back already
    if (text[0] == reader::kSpawnNoteKinds[0] && recorded_.contains(parsed->pid)) {
        remove(name);  // the child was quicker than its parent
        return;
    }
    Note note{name, std::filesystem::path(text.substr(1)).lexically_normal().string(), ""};
    const Obstacle obstacle = look_at_program(note.program).obstacle;
    if (obstacle != Obstacle::kNone) {
        note.why = word(obstacle);
    } else if (text[0] == reader::kExecNoteKinds[1] || text[0] == reader::kSpawnNoteKinds[1]) {
        note.why = kScrubbed;
    }
    pending_.emplace(parsed->pid, std::move(note));
}

void ExecNotes::note_recording(uint32_t pid) {
    recorded_.insert(pid);
    const auto [begin, end] = pending_.equal_range(pid);
    if (begin == end) return;
    // An earlier one is of a process that had the number before.
    const auto latest = std::prev(end);
    remove(latest->second.name);
    pending_.erase(latest);
}

void ExecNotes::remove(const std::string& name) const {
    unlink((directory_ + "/" + name).c_str());
}

/// A process that still runs may just be loading the library, or its exec is still to fail.
bool ExecNotes::was_executed(uint32_t pid, const Note& note) const {
    if (target_of(directory_ + "/" + note.name).empty()) return false;  // taken back
    if (!reader::process_exists(pid)) return true;
    std::error_code error;
    return !note.why.empty() &&
           std::filesystem::equivalent("/proc/" + std::to_string(pid) + "/exe", note.program, error) && !error;
}

std::vector<Unobserved> ExecNotes::finish(uint32_t root) {
    std::map<std::pair<std::string, std::string>, uint64_t> counts;
    for (const auto& [pid, note] : pending_) {
        if (pid != root && was_executed(pid, note))
            ++counts[{note.program, note.why.empty() ? kNoRecording : note.why}];
        remove(note.name);
    }
    pending_.clear();
    std::vector<Unobserved> unobserved;
    for (const auto& [program, times] : counts) unobserved.push_back({program.first, program.second, times});
    std::stable_sort(unobserved.begin(), unobserved.end(),
                     [](const Unobserved& a, const Unobserved& b) { return a.times > b.times; });
    return unobserved;
}

}  // namespace launch
