// SPDX-License-Identifier: Apache-2.0
#include "launch/process_tree.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <utility>

#include "launch/newcomers.h"
#include "read/kernel/killing.h"

namespace launch {
namespace {

using reader::Phase;
using snapshot::End;
using snapshot::Reason;

constexpr char kRecordingPrefix[] = "loiter-";

constexpr char kOutOfReach[] = "could not reach the folder of this run: another user, or another root";

constexpr int kLooksAtDying = 20;  ///< in vain, at all together: who waits for the report may not do so for long
constexpr int kDyingMs = 10;       ///< between two of them

/// Names, oldest first.
std::vector<std::string> recordings_in(const std::string& directory) {
    std::vector<std::string> names;
    for (const reader::Found& found : reader::find_recordings(directory)) {
        names.push_back(std::filesystem::path(found.path).filename().string());
    }
    std::reverse(names.begin(), names.end());
    return names;
}

uint32_t pid_in(const std::string& recording_name) {
    return static_cast<uint32_t>(std::strtoul(recording_name.c_str() + std::strlen(kRecordingPrefix), nullptr, 10));
}

/// A recording's path without its nonce: equal for what one process records before and after exec.
std::string_view process_part(std::string_view path) {
    return path.substr(0, path.rfind('-'));
}

/// For a process that ended, or replaced itself, past every wrapper: the one thread that was in no
/// wait did it. Where it may have been killed as well, that is said only of its only thread.
void mark_ender(snapshot::Snapshot& snapshot, bool was_its_own_doing) {
    std::vector<snapshot::Thread*> free;
    size_t unfinished = 0;
    for (snapshot::Thread& thread : snapshot.threads) {
        if (thread.finished) continue;
        ++unfinished;
        if (thread.state == snapshot::State::kRunning) free.push_back(&thread);
    }
    if (free.size() == 1 && (was_its_own_doing || unfinished == 1)) free[0]->ends_process = true;
}

}  // namespace

ProcessTree::ProcessTree(const RunDirectory& directory, RunMark mark, const OnSnapshot& on_snapshot, bool children)
    : directory_(directory),
      mark_(std::move(mark)),
      on_snapshot_(on_snapshot),
      children_(children),
      watch_(directory.path()),
      notes_(directory.path(), mark_.number) {
    for (std::string& name : recordings_in(directory.path())) known_.insert(std::move(name));
}

void ProcessTree::look_at_news() {
    DirectoryWatch::News news = watch_.news();
    if (news.lost) {
        // In which order they came is not known: a recording answers for its process.
        news.appeared = notes_.all();
        const std::vector<std::string> recordings = recordings_in(directory_.path());
        news.appeared.insert(news.appeared.end(), recordings.begin(), recordings.end());
    }
    for (const std::string& name : news.appeared) take_name(name);
    open_new();
    for (const std::string& name : news.touched) {
        const std::string path = directory_.path() + "/" + name;
        for (Image& image : images_) {
            if (image.recording.path() == path) answer(image);
        }
    }
}

void ProcessTree::look_at_all() {
    look_at_news();
    for (Image& image : images_) answer(image);
    for (size_t i = 0; i < images_.size();) {
        if (is_gone(images_[i])) {
            finish(images_[i], false);
            images_.erase(images_.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
            ++i;
        }
    }
}

void ProcessTree::take_name(const std::string& name) {
    if (!name.starts_with(kRecordingPrefix) || !known_.insert(name).second) return;
    if (!ExecNotes::is_note(name)) {
        unopened_.push_back({name, ""});
        notes_.note_recording(pid_in(name));
    } else {
        notes_.take(name);
    }
}

/// CMD is not gone before its status is known.
bool ProcessTree::is_gone(const Image& image) const {
    return image.pid == root_ ? root_wait_status_.has_value() : !image.recording.is_live();
}

/// A recording whose head is not complete yet is tried again at the next look.
void ProcessTree::open_new() {
    for (auto entry = unopened_.begin(); entry != unopened_.end();) {
        try {
            reader::Recording recording = reader::Recording::open(directory_.path() + "/" + entry->name);
            if (belongs(recording)) adopt(std::move(recording));
            entry = unopened_.erase(entry);
        } catch (const reader::Error& error) {
            entry->error = error.what();
            ++entry;
        }
    }
}

/// The user's folder may be shared with other runs at the same time. Whose child a process is by now says
/// nothing: that of one whose parent has ended is another's.
bool ProcessTree::belongs(const reader::Recording& recording) const {
    return directory_.is_private() || recording.pid() == root_ || recording.run() == mark_.number;
}

void ProcessTree::adopt(reader::Recording&& recording) {
    const uint32_t pid = recording.pid();
    pids_.insert(pid);
    if (pid == root_) root_observed_ = true;
    const auto before = std::find_if(images_.begin(), images_.end(), [&](const Image& image) {
        return process_part(image.recording.path()) == process_part(recording.path());
    });
    if (before != images_.end()) {
        finish(*before, true);
        images_.erase(before);
    }
    images_.push_back({std::move(recording), pid, std::nullopt, false, !children_ && pid != root_});
    answer(images_.back());
}

/// Once for each time that it asks: after the answer it may be gone at any moment.
void ProcessTree::answer(Image& image) {
    switch (image.recording.phase()) {
        case Phase::kWaiting:
            if (image.recording.is_answered()) return;
            image.recording.answer_seen();
            if (!silent_ && !image.is_ignored) image.at_end = image.recording.take_snapshot(Reason::kExit);
            image.recording.answer_done();
            return;
        case Phase::kRunning:
            image.at_end.reset();  // it was to exec, and that failed
            return;
        case Phase::kEnding:
        case Phase::kDone: return;
    }
}

/// `replaced`: the process lives on as another image.
void ProcessTree::finish(Image& image, bool replaced) {
    if (image.pid == root_ && root_wait_status_) image.recording.note_wait_status(*root_wait_status_);
    std::optional<snapshot::Snapshot> last =
        silent_ || image.is_ignored ? std::nullopt : last_snapshot(image, replaced);
    if (directory_.is_private() || image.is_ignored) {
        unlink(image.recording.path().c_str());
    } else {
        image.recording.compact();
    }
    const bool was_replaced = image.pid == root_ && !replaced && last && last->process.end == End::kExec;
    note_out_of_reach(image, was_replaced);
    if (!last) return;
    if (was_replaced) root_was_replaced_ = true;
    on_snapshot_(std::move(*last));
}

/// `has_executed`: one of them is CMD itself, of which is told elsewhere.
void ProcessTree::note_out_of_reach(const Image& image, bool has_executed) {
    const uint32_t all = image.recording.executed_out_of_reach();
    const uint32_t times = all - (has_executed && all > 0 ? 1 : 0);
    if (times > 0) out_of_reach_[image.recording.exe()] += times;
    if (times < all) root_is_out_of_reach_ = true;
}

std::vector<Unobserved> ProcessTree::unobserved() {
    for (const Image& image : images_) note_out_of_reach(image, false);
    std::vector<Unobserved> all = notes_.finish(root_);
    for (const auto& [program, times] : out_of_reach_)
        all.push_back({"what " + program + " executed", std::string("it ") + kOutOfReach, times});
    return all;
}

std::optional<snapshot::Snapshot> ProcessTree::last_snapshot(Image& image, bool replaced) {
    if (image.at_end && !replaced && has_failed_to_exec(image)) image.at_end.reset();
    if (image.at_end) {
        if (image.pid == root_) adjust_to_wait_status(*image.at_end);
        return std::move(image.at_end);
    }
    const bool ended = image.recording.ended();
    if (!ended && image.killing_is_no_news) return std::nullopt;
    snapshot::Snapshot last = image.recording.take_snapshot(ended || replaced ? Reason::kExit : Reason::kPostMortem);
    const bool is_root = image.pid == root_ && root_wait_status_.has_value();
    if (replaced && !ended) last.process.end = End::kExec;
    if (!ended && !(is_root && WIFSIGNALED(*root_wait_status_))) mark_ender(last, replaced || is_root);
    return last;
}

/// Between two looks the process may have gone on after a failed exec and come to another end.
bool ProcessTree::has_failed_to_exec(const Image& image) {
    return image.at_end->process.end == End::kExec &&
           image.recording.take_snapshot(Reason::kExit).process.end != End::kExec;
}

/// The snapshot is older than the wait status, which has the last word.
void ProcessTree::adjust_to_wait_status(snapshot::Snapshot& snapshot) const {
    if (!root_wait_status_ || snapshot.process.end == End::kExec) return;
    const int status = *root_wait_status_;
    if (WIFSIGNALED(status)) snapshot.process.end = End::kSignal;
    snapshot.process.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

reader::Recording* ProcessTree::root_recording() {
    const auto is_root = [this](const Image& image) { return image.pid == root_; };
    const auto last = std::find_if(images_.rbegin(), images_.rend(), is_root);
    return last == images_.rend() ? nullptr : &last->recording;
}

int ProcessTree::note_root_end(int wait_status) {
    look_at_news();
    const reader::Recording* const root = root_recording();
    root_wait_status_ = root == nullptr ? wait_status : root->status_in_grace().value_or(wait_status);
    look_at_all();
    return *root_wait_status_;
}

bool ProcessTree::end_root_grace() {
    reader::Recording* const root = root_recording();
    if (root == nullptr || !root->status_in_grace()) return false;
    root->end_grace();
    return true;
}

void ProcessTree::report_live(Reason reason) {
    look_at_all();
    for (const Image& image : images_) {
        if (!image.is_ignored && image.recording.is_live()) on_snapshot_(image.recording.take_snapshot(reason));
    }
}

void ProcessTree::report_left_running() {
    look_at_all();
    for (Image& image : images_) {
        if (image.is_ignored || !image.recording.is_live()) continue;
        on_snapshot_(image.at_end ? std::move(*image.at_end) : image.recording.take_snapshot(Reason::kDump));
    }
}

void ProcessTree::report_overdue(double seconds) {
    for (Image& image : images_) {
        if (image.is_ignored || !image.recording.is_live() || image.recording.ended()) continue;
        std::set<uint32_t> news;
        for (const reader::OldWait& wait : image.recording.old_waits(seconds)) {
            const auto [known, is_new] = image.overdue.try_emplace(wait.thread, wait.serial);
            if (!is_new && known->second == wait.serial) continue;
            known->second = wait.serial;
            news.insert(wait.thread);
        }
        if (news.empty()) continue;
        snapshot::Snapshot snapshot = image.recording.take_snapshot(Reason::kWatch);
        for (snapshot::Thread& thread : snapshot.threads) {
            // One that has moved on meanwhile is not stuck.
            thread.overdue = news.contains(thread.id) && thread.for_seconds.value_or(0) >= seconds;
        }
        on_snapshot_(std::move(snapshot));
    }
}

void ProcessTree::report_before_killing() {
    look_at_all();
    int looks = kLooksAtDying;
    for (Image& image : images_) {
        if (image.is_ignored) continue;
        std::optional<snapshot::Snapshot> snapshot = snapshot_of_unharmed(image, looks);
        if (!snapshot) continue;
        image.killing_is_no_news = true;
        on_snapshot_(std::move(*snapshot));
    }
}

/// Nothing: it is dead, or as good as that. A signal that a thread waits for may seem to kill for a moment.
std::optional<snapshot::Snapshot> ProcessTree::snapshot_of_unharmed(const Image& image, int& looks) {
    while (image.recording.is_live()) {
        snapshot::Snapshot snapshot = image.recording.take_snapshot(Reason::kSignal);
        if (image.recording.is_live() && !reader::is_being_killed(image.pid)) return snapshot;
        if (--looks <= 0) return std::nullopt;
        poll(nullptr, 0, kDyingMs);
    }
    return std::nullopt;
}

std::vector<uint32_t> ProcessTree::live() const {
    std::vector<uint32_t> pids;
    for (const Image& image : images_) {
        if (image.recording.is_live()) pids.push_back(image.pid);
    }
    return pids;
}

bool ProcessTree::any_live() const {
    return std::any_of(images_.begin(), images_.end(), [](const Image& image) { return image.recording.is_live(); });
}

/// One that was met and has no image has executed a program that is still to record.
bool ProcessTree::any_newcomer() const {
    std::set<uint32_t> of_others;
    for (const std::string& name : known_) {
        if (!ExecNotes::is_note(name) && !pids_.contains(pid_in(name))) of_others.insert(pid_in(name));
    }
    for (const Unopened& entry : unopened_) of_others.erase(pid_in(entry.name));
    return has_newcomer(mark_.variable, [&](uint32_t pid) { return of_others.contains(pid); });
}

bool ProcessTree::any_ending() const {
    return std::any_of(images_.begin(), images_.end(), [](const Image& image) {
        return image.recording.phase() != Phase::kRunning && image.recording.is_live();
    });
}

std::string ProcessTree::root_error() const {
    if (root_is_out_of_reach_) return std::string("it executed a program that ") + kOutOfReach;
    if (root_was_replaced_)
        return "it executed a program that left no recording; see to it that that one is observable";
    const std::string prefix = kRecordingPrefix + std::to_string(root_) + "-";
    const auto of_root = std::find_if(unopened_.begin(), unopened_.end(),
                                      [&](const Unopened& entry) { return entry.name.starts_with(prefix); });
    return of_root != unopened_.end() ? of_root->error : "";
}

void ProcessTree::remove_unwanted() const {
    for (const Image& image : images_) {
        if (image.is_ignored) unlink(image.recording.path().c_str());
    }
    if (!directory_.is_private()) return;
    for (const auto& [name, error] : unopened_) {
        if (!reader::process_exists(pid_in(name))) unlink((directory_.path() + "/" + name).c_str());
    }
}

}  // namespace launch
