// SPDX-License-Identifier: Apache-2.0
//
// A recording, and what /proc adds, as a Snapshot. Everything the target wrote is untrusted input:
// it is copied with pread (never mapped: a truncating target would be SIGBUS here), checked, and
// every loop over it is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "read/look_options.h"
#include "snapshot/snapshot.h"

// (`read` itself is a libc function.)
namespace reader {

/// Nothing could be read; the message is one line that says what and what to do.
struct Error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Names of the links that processes of a run leave before an exec; see protocol/layout.h.
extern const char* const kExecNotePrefix;
extern const char* const kExecNoteKinds;
extern const char* const kSpawnNoteKinds;

/// What Recording::phase tells of the process' way to its end.
enum class Phase { kRunning, kEnding, kWaiting, kDone };

/// An untimed wait inside the process. Equal serials of one thread: the same wait.
struct OldWait {
    uint32_t thread = 0;
    uint32_t serial = 0;
};

/// An open recording. Movable, owns its descriptor; outlives the file's name and the process.
class Recording {
public:
    /// Opens a saved or live recording file. Throws Error: no such file, no right, not a recording,
    /// of another version, truncated.
    static Recording open(const std::string& path);
    /// Opens the recording of a live process through /proc. Throws Error, also when the process is
    /// not observed (`is_observed` tells apart).
    static Recording of_process(uint32_t pid);

    Recording(Recording&& other) noexcept;
    Recording& operator=(Recording&& other) noexcept;
    ~Recording();

    const std::string& path() const { return path_; }
    uint64_t nonce() const;
    /// The observed process, in the reader's pid namespace where that can be told.
    uint32_t pid() const;
    std::string exe() const;
    std::vector<std::string> command() const;

    /// Which run of the command it is of; 0: of none.
    uint32_t run() const;

    /// The process that wrote it is still the one running under pid(), with whatever image.
    bool is_live() const;
    /// It is live, but another image (exec) has taken the place of the one that wrote this.
    bool is_replaced() const;
    Phase phase() const;
    /// The signal on which the library starts a report from inside; 0: none.
    int report_signal() const;
    /// No thread is in the handler of that signal any more.
    bool has_left_report_signal() const;
    /// The process has reached an end of its own: exit, exec, ..., whether it is through or not.
    bool ended() const;

    /// Of a live process: the untimed waits inside it that began so many seconds ago, or earlier. Cheaper than
    /// a snapshot: O(threads).
    std::vector<OldWait> old_waits(double seconds) const;

    /// The process has ended by itself, with this status of waitpid; what is left of it are threads that have their
    /// grace time, or are looked at.
    std::optional<int> status_in_grace() const;
    /// The grace time is over. Best effort.
    void end_grace();

    /// Programs that this process or its children executed out of reach of the folder of the run.
    uint32_t executed_out_of_reach() const;

    /// Tells the waiting target that its end was seen, or that it may go on. Best effort.
    void answer_seen();
    void answer_done();
    /// The target, which waits at its end, has been told that it may go on.
    bool is_answered() const;
    /// Notes how the process ended, as waitpid gave it, for those who read the recording later.
    void note_wait_status(int wait_status);
    /// Cuts the file to the bytes in use, for a process that is gone. Best effort.
    void compact();

    /// Takes the snapshot. A live process is looked at twice, so that what is called settled was
    /// true at one moment between the two looks. Never throws for what the target wrote: gaps
    /// become notes.
    snapshot::Snapshot take_snapshot(snapshot::Reason reason, LookOptions options = {}) const;

private:
    struct State;
    Recording(std::unique_ptr<State> state, std::string path);
    std::unique_ptr<State> state_;
    std::string path_;
};

/// A recording found on this machine.
struct Found {
    std::string path;
    uint32_t pid = 0;        ///< in the reader's pid namespace where that can be told
    bool live = false;       ///< its process runs and still is the image that records
    bool readable = true;    ///< false: of `path`, `pid`, `bytes` and `live` only
    uint64_t bytes = 0;      ///< really used on disk or in memory
    double age_seconds = 0;  ///< since the process started
    uint32_t threads = 0;    ///< live and unjoined, as the recording says
    uint32_t blocked = 0;    ///< of them in untimed waits inside the process
    uint32_t unjoined = 0;   ///< of them ended, and neither joined nor detached
    std::string exe;
    std::vector<std::string> command;
};

/// Recordings in `directory`, newest first. Missing folders are empty.
std::vector<Found> find_recordings(const std::string& directory);
/// Those that running processes have mapped, wherever their files are, and whether they have one: then
/// `path` is words for it. O(processes).
std::vector<Found> find_mapped_recordings();
/// The folders in which recordings are made: $LOITER_DIR, /dev/shm, /tmp, and what `run` made in
/// them and in $TMPDIR.
std::vector<std::string> recording_directories();
/// So many of dead processes are kept in a folder.
extern const size_t kKeptRecordings;
/// Removes recordings of dead processes of this user (root: of any) that gave no sign of life for
/// `max_age_seconds`, or are beyond the `max_count` newest. Returns how many went.
size_t prune(const std::string& directory, double max_age_seconds, size_t max_count);

/// What the library makes of the limits of its process: the first one that fits is taken.
struct RecordingRoom {
    uint32_t threads = 0;
    uint64_t file_bytes = 0;            ///< RLIMIT_FSIZE must allow so much
    uint64_t needed_address_space = 0;  ///< and RLIMIT_AS
};
/// Largest first.
std::vector<RecordingRoom> recording_rooms();

/// Snapshot of a live process that is not observed: what /proc, its stacks and the locks' own memory tell.
/// Throws Error: no such process, no right, a thread of the kernel, a program of another machine.
snapshot::Snapshot look_at_unobserved(uint32_t pid, LookOptions options = {});

/// The same from a core file and the files that were mapped. Throws Error: cannot be read, of another machine,
/// cut short, damaged.
snapshot::Snapshot look_at_core(const std::string& path);
/// Whether a file is a core at all, even one that cannot be read.
bool is_core_file(const std::string& path);

/// Whether a process exists at all (a zombie does).
bool process_exists(uint32_t pid);
/// Whether a live process has a recording of its own mapped.
bool is_observed(uint32_t pid);

}  // namespace reader
