// SPDX-License-Identifier: Apache-2.0
//
// Recordings on this machine, and which of them have had their time.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "read/calls/waits.h"
#include "read/kernel/proc.h"
#include "read/observed_process.h"
#include "read/read.h"
#include "read/records/head.h"
#include "read/records/identity.h"
#include "read/records/recording_name.h"
#include "read/records/source.h"
#include "read/records/thread_records.h"
#include "read/records/times.h"

namespace reader {

using protocol::ProcessRecord;

const size_t kKeptRecordings = protocol::kKeptRecordings;

namespace {

constexpr size_t kMaxFolderEntries = 1U << 16;
constexpr double kStartingSeconds = 60;  ///< a head that cannot be read may only just be in the making
constexpr char kRunPrefix[] = "loiter-run-";

struct NamedFile {
    RecordingName name;
    std::string path;
    struct stat status = {};
};

/// What the head of a recording, and its records, say for a list.
struct Opened {
    std::unique_ptr<Source> source;
    Layout layout;
    std::unique_ptr<ProcessRecord> head;
};

template <typename Visit>
void visit_folder(const std::string& folder, Visit visit) {
    const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir(folder.c_str()), closedir);
    if (directory == nullptr) return;
    size_t count = 0;
    while (const dirent* const entry = readdir(directory.get())) {
        if (++count > kMaxFolderEntries) return;
        visit(std::string(entry->d_name));
    }
}

std::vector<NamedFile> named_files(const std::string& folder) {
    std::vector<NamedFile> files;
    visit_folder(folder, [&](const std::string& name) {
        const std::optional<RecordingName> parsed = parse_recording_name(name);
        if (!parsed) return;
        NamedFile file{*parsed, folder + "/" + name, {}};
        if (lstat(file.path.c_str(), &file.status) == 0 && S_ISREG(file.status.st_mode)) files.push_back(file);
    });
    return files;
}

/// Throws Error.
Opened check(std::unique_ptr<Source> source, const std::string& path) {
    Opened opened;
    opened.source = std::move(source);
    opened.layout = check_head(*opened.source, path);
    opened.head = std::make_unique<ProcessRecord>();
    copy_head(*opened.source, opened.layout, *opened.head);
    return opened;
}

/// Empty: not ours to read, or no recording of this version.
std::optional<Opened> open_recording(const std::string& path) {
    try {
        return check(open_file(path), path);
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// The process that a file name speaks of, in this pid namespace.
bool runs_by_name(const RecordingName& name) {
    const std::optional<TaskStat> stat = stat_of_process(name.pid);
    return stat && (name.start_ticks == 0 || stat->start_ticks == name.start_ticks);
}

/// Nobody joins main, or a thread that did not come through pthread_create.
bool is_unjoined(const ThreadCopy& thread) {
    return thread.is(protocol::kLifeFinished) && !thread.is(protocol::kLifeJoined | protocol::kLifeDetached) &&
           thread.origin != protocol::Origin::kAdopted && thread.number != 1;
}

bool is_blocked(const ThreadCopy& thread) {
    return !thread.is(protocol::kLifeFinished) && is_blocking(thread.wait);
}

void count_threads(const std::vector<ThreadCopy>& threads, Found& found) {
    for (const ThreadCopy& thread : threads) {
        if (!thread.is(protocol::kLifeFinished) || is_unjoined(thread)) ++found.threads;
        if (is_blocked(thread)) ++found.blocked;
        if (is_unjoined(thread)) ++found.unjoined;
    }
}

std::vector<ThreadCopy> copy_threads(const Opened& opened) {
    return ThreadRecords(*opened.source, opened.layout, true).copy_all(*opened.head);
}

double seconds_since(double realtime_seconds) {
    return std::max(0.0, static_cast<double>(realtime_now()) / kNanoseconds - realtime_seconds);
}

double seconds_since_change(const NamedFile& file) {
    return seconds_since(static_cast<double>(file.status.st_mtim.tv_sec));
}

void describe(const Opened& opened, const Identity& identity, Found& found) {
    const std::vector<ThreadCopy> threads = copy_threads(opened);
    found.pid = identity.pid();
    found.live = identity.fate(*opened.source) == Fate::kRuns;
    found.age_seconds = seconds_since(static_cast<double>(opened.head->started_realtime_ns) / kNanoseconds);
    count_threads(threads, found);
    found.exe = exe_of(*opened.head);
    found.command = command_of(*opened.head);
}

Found describe(const NamedFile& file) {
    Found found;
    found.path = file.path;
    found.pid = file.name.pid;
    found.bytes = static_cast<uint64_t>(file.status.st_blocks) * 512;
    const std::optional<Opened> opened = open_recording(file.path);
    found.readable = opened.has_value();
    if (!opened) {
        found.live = runs_by_name(file.name);
        found.age_seconds = seconds_since_change(file);
        return found;
    }
    describe(*opened, Identity(*opened->head, 0), found);
    return found;
}

Found describe(ObservedProcess&& process, uint32_t pid) {
    Found found;
    found.path = process.path;
    struct stat status = {};
    if (stat(process.path.c_str(), &status) == 0) found.bytes = static_cast<uint64_t>(status.st_blocks) * 512;
    const Opened opened = check(std::move(process.source), process.path);
    if (found.bytes == 0) found.bytes = bytes_in_use(opened.layout, *opened.head);
    describe(opened, Identity(*opened.head, pid), found);
    return found;
}

/// Seconds since the last sign of life.
double silence_of(const NamedFile& file, const std::optional<Opened>& opened, const Identity* identity) {
    const double unchanged = seconds_since_change(file);
    if (!opened || !identity->is_of_this_boot()) return unchanged;
    const ProcessRecord& head = *opened->head;
    const uint64_t last =
        std::max({head.started_ns, head.ended_ns.load(std::memory_order_relaxed), newest_stamp(copy_threads(*opened))});
    return std::min(unchanged, Times::between(last, monotonic_now()));
}

/// Seconds since a dead process of this user gave its last sign; empty: it may live, or is not ours.
std::optional<double> removable_silence(const NamedFile& file) {
    if (geteuid() != 0 && file.status.st_uid != geteuid()) return std::nullopt;
    const std::optional<Opened> opened = open_recording(file.path);
    if (!opened) {
        const double silence = silence_of(file, opened, nullptr);
        return runs_by_name(file.name) || silence < kStartingSeconds ? std::nullopt : std::optional<double>(silence);
    }
    const Identity identity(*opened->head, 0);
    switch (identity.fate(*opened->source)) {
        case Fate::kRuns:
        case Fate::kHidden: return std::nullopt;
        case Fate::kReplaced:
        case Fate::kGone: return silence_of(file, opened, &identity);
    }
    return std::nullopt;
}

/// What a process meant to execute after the command that it told was gone.
void remove_old_exec_notes(const std::string& directory) {
    visit_folder(directory, [&](const std::string& name) {
        if (!name.starts_with(protocol::kExecNotePrefix)) return;
        struct stat status = {};
        const std::string path = directory + "/" + name;
        if (lstat(path.c_str(), &status) != 0 || !S_ISLNK(status.st_mode)) return;
        const bool is_own = geteuid() == 0 || status.st_uid == geteuid();
        const bool is_old = seconds_since(static_cast<double>(status.st_mtim.tv_sec)) > kStartingSeconds;
        const char* const pid = name.c_str() + sizeof(protocol::kExecNotePrefix) - 1;
        const bool is_dead = !process_exists(static_cast<uint32_t>(std::strtoul(pid, nullptr, 10)));
        if (is_own && is_old && is_dead) unlink(path.c_str());
    });
}

void add_run_folders(const std::string& parent, std::vector<std::string>& folders) {
    visit_folder(parent, [&](const std::string& name) {
        struct stat status = {};
        const std::string path = parent + "/" + name;
        if (name.starts_with(kRunPrefix) && lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
            folders.push_back(path);
        }
    });
}

}  // namespace

std::vector<Found> find_recordings(const std::string& directory) {
    std::vector<Found> found;
    for (const NamedFile& file : named_files(directory)) found.push_back(describe(file));
    std::stable_sort(found.begin(), found.end(),
                     [](const Found& a, const Found& b) { return a.age_seconds < b.age_seconds; });
    return found;
}

std::vector<Found> find_mapped_recordings() {
    std::vector<Found> found;
    for (const uint32_t pid : process_ids()) {
        try {
            found.push_back(describe(find_observed_process(pid), pid));
        } catch (const Error&) {
            // Not observed, or not ours to look at.
        }
    }
    return found;
}

std::vector<std::string> recording_directories() {
    std::vector<std::string> parents;
    const char* const chosen = std::getenv("LOITER_DIR");
    if (chosen != nullptr && *chosen != '\0') parents.emplace_back(chosen);
    parents.insert(parents.end(), {"/dev/shm", "/tmp"});
    std::vector<std::string> folders = parents;
    const char* const temporary = std::getenv("TMPDIR");
    if (temporary != nullptr && *temporary == '/') parents.emplace_back(temporary);
    for (const std::string& parent : parents) add_run_folders(parent, folders);
    std::vector<std::string> distinct;
    for (std::string& folder : folders) {
        if (std::find(distinct.begin(), distinct.end(), folder) == distinct.end())
            distinct.push_back(std::move(folder));
    }
    return distinct;
}

size_t prune(const std::string& directory, double max_age_seconds, size_t max_count) {
    std::vector<std::pair<double, std::string>> dead;
    for (const NamedFile& file : named_files(directory)) {
        if (const std::optional<double> silence = removable_silence(file)) dead.emplace_back(*silence, file.path);
    }
    remove_old_exec_notes(directory);
    std::sort(dead.begin(), dead.end());
    size_t removed = 0;
    for (size_t i = 0; i < dead.size(); ++i) {
        const bool is_due = i >= max_count || dead[i].first > max_age_seconds;
        if (is_due && unlink(dead[i].second.c_str()) == 0) ++removed;
    }
    return removed;
}

}  // namespace reader
