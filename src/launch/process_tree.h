// SPDX-License-Identifier: Apache-2.0
//
// The recordings of CMD and of everything it starts: found when they appear, answered when their
// process waits at its end, handed over once when it is gone.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "launch/directory_watch.h"
#include "launch/exec_notes.h"
#include "launch/launch.h"
#include "launch/run_directory.h"
#include "launch/run_mark.h"
#include "read/read.h"

namespace launch {

class ProcessTree {
public:
    /// Made before CMD starts, so that no recording is missed. `on_snapshot` outlives it.
    /// `children`: false: only CMD's own recordings count.
    ProcessTree(const RunDirectory& directory, RunMark mark, const OnSnapshot& on_snapshot, bool children);

    int descriptor() const { return watch_.descriptor(); }
    void set_root(pid_t pid) { root_ = static_cast<uint32_t>(pid); }

    /// Opens what is new and answers those who ask. Cheap: O(news).
    void look_at_news();
    /// Looks at every process, also for what no event tells; hands over those that have ended.
    /// O(live processes), with a look into /proc for each.
    void look_at_all();
    /// CMD has been reaped. Returns how it ended: by itself, where that was before, in its grace time.
    int note_root_end(int wait_status);
    /// CMD has ended by itself, and has no more time for its leftover threads. False: it has not ended.
    bool end_root_grace();

    /// Hands over a snapshot of every live process.
    void report_live(snapshot::Reason reason);
    /// Hands over a snapshot of every live process in which untimed waits are older than this and have not
    /// been reported; those are marked as overdue.
    void report_overdue(double seconds);
    /// Hands over a snapshot of every live process, which may be killed then without another report. What kills
    /// this command often kills them, too: one whose snapshot was taken amid that is reported at its end.
    void report_before_killing();
    /// From now on processes are answered, not reported.
    void fall_silent() { silent_ = true; }

    /// Those that record.
    std::vector<uint32_t> live() const;
    bool any_live() const;
    /// A process of the run has no recording yet: just forked, or executing.
    bool any_newcomer() const;
    /// Hands over every live process, as it was at its end or else is now.
    void report_left_running();
    /// A live process has reached its end and needs its answer.
    bool any_ending() const;

    /// To its end, whatever programs it executed one after the other.
    bool root_observed() const { return root_observed_ && !root_was_replaced_; }
    /// Why it was not; empty: nothing is known but that there was no recording.
    std::string root_error() const;
    /// Programs of CMD's children that left no recording; ask once, at the end.
    std::vector<Unobserved> unobserved();
    /// Removes what children record that do not count, and from a private folder what dead processes
    /// left and nobody can read.
    void remove_unwanted() const;

private:
    /// What one process recorded between two execs.
    struct Image {
        reader::Recording recording;
        uint32_t pid = 0;
        std::optional<snapshot::Snapshot> at_end;  ///< taken while the process waited for it
        bool killing_is_no_news = false;
        bool is_ignored = false;               ///< a child, where only CMD counts
        std::map<uint32_t, uint32_t> overdue;  ///< waits that were reported, by thread: Recording::OldWait
    };

    struct Unopened {
        std::string name;
        std::string error;  ///< the reader's words
    };

    reader::Recording* root_recording();
    void take_name(const std::string& name);
    bool is_gone(const Image& image) const;
    void open_new();
    bool belongs(const reader::Recording& recording) const;
    void adopt(reader::Recording&& recording);
    void answer(Image& image);
    void finish(Image& image, bool replaced);
    std::optional<snapshot::Snapshot> last_snapshot(Image& image, bool replaced);
    void note_out_of_reach(const Image& image, bool has_executed);
    static bool has_failed_to_exec(const Image& image);
    static std::optional<snapshot::Snapshot> snapshot_of_unharmed(const Image& image, int& looks);
    void adjust_to_wait_status(snapshot::Snapshot& snapshot) const;

    const RunDirectory& directory_;
    const RunMark mark_;
    const OnSnapshot& on_snapshot_;
    const bool children_;
    DirectoryWatch watch_;
    ExecNotes notes_;
    uint32_t root_ = 0;
    std::optional<int> root_wait_status_;
    bool root_observed_ = false;
    bool root_was_replaced_ = false;     ///< by a program without a recording
    bool root_is_out_of_reach_ = false;  ///< it was replaced by one that cannot have any in the run's folder
    bool silent_ = false;
    std::set<std::string> known_;                   ///< names of recordings met, or there before
    std::vector<Unopened> unopened_;                ///< oldest first: of two images of a process the later one lives
    std::vector<Image> images_;                     ///< not handed over yet, oldest first
    std::set<uint32_t> pids_;                       ///< every process of the tree that was met
    std::map<std::string, uint64_t> out_of_reach_;  ///< programs that could leave neither recording nor note, by whose
};

}  // namespace launch
